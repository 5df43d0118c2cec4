// Small recipes of every kind, for the comparison of rbee with makepkg: name, text, files beside it.

export interface ParityRecipe {
  readonly name: string;
  readonly pkgbuild: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Run in the recipe's directory before either builds: makes archives and repositories. */
  readonly setUp?: string;
  /** Programs without which the recipe is left out. */
  readonly needs?: readonly string[];
}

/** Each function says how long it took, so that what is around it can be told apart. */
function timed(name: string, body: string): string {
  return `${name}() {\n  local __began=\${EPOCHREALTIME/./}\n${body}\n  printf 'TIMED %d\\n' $(( \${EPOCHREALTIME/./} - __began )) >&2\n}\n`;
}

interface Parts {
  readonly head?: string;
  readonly functions: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly setUp?: string;
  readonly needs?: readonly string[];
}

function recipe(name: string, { head = "", functions, ...rest }: Parts): ParityRecipe {
  const names = Object.keys(rest.files ?? {});
  const source =
    head.includes("source=") || names.length === 0
      ? ""
      : `source=(${names.join(" ")})\nsha256sums=(${names.map(() => "SKIP").join(" ")})\n`;
  const intro = head.includes("pkgname=") ? "" : `pkgname=${name}\n`;
  const text = `${intro}pkgver=1.0\npkgrel=1\npkgdesc="Parity of ${name}"\narch=(x86_64 aarch64)\nlicense=(MIT)\n${source}${head}\n`;
  const body = Object.entries(functions).map(([each, code]) => (each === "pkgver" ? `pkgver() {\n${code}\n}\n` : timed(each, code)));
  return { name, pkgbuild: text + body.join("\n"), ...rest };
}

const HELLO_C = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n';
const LIB_C = "int seven(void) { return 7; }\n";

export const recipes: readonly ParityRecipe[] = [
  recipe("plain-file", { files: { "a.conf": "a=1\n" }, functions: { package: '  install -Dm644 a.conf "$pkgdir/etc/a.conf"' } }),
  recipe("plain-script", {
    files: { "run.sh": "#!/bin/sh\necho hi\n" },
    functions: { package: '  install -Dm755 run.sh "$pkgdir/usr/bin/run"' },
  }),
  recipe("plain-tree", {
    functions: {
      package:
        '  cd "$pkgdir"; mkdir -p usr/share/t/{a,b}/c; for i in {1..40}; do echo $i > usr/share/t/a/f$i; done; chmod 600 usr/share/t/a/f1; chmod 750 usr/share/t/b; echo x > "usr/share/t/with space"',
    },
  }),
  recipe("links", {
    functions: {
      package:
        '  cd "$pkgdir"; mkdir -p usr/bin; echo x > usr/bin/one; ln usr/bin/one usr/bin/two; ln -s one usr/bin/three; ln -s /usr/bin/none usr/bin/gone',
    },
  }),
  recipe("owners", {
    functions: {
      package: '  install -d -o root -g root "$pkgdir/var/lib/x"; echo $EUID > "$pkgdir/var/lib/x/euid"; chown -R 0:0 "$pkgdir/var"',
    },
  }),
  recipe("setuid", {
    functions: {
      package: '  mkdir -p "$pkgdir/usr/bin"; echo x > "$pkgdir/usr/bin/su"; chmod 4755 "$pkgdir/usr/bin/su"; chmod 2755 "$pkgdir/usr/bin"',
    },
  }),
  recipe("emptydirs-off", {
    head: "options=(!emptydirs)",
    functions: { package: '  mkdir -p "$pkgdir"/{a/b/c,d/e}; touch "$pkgdir/d/f"' },
  }),
  recipe("zipman", {
    functions: {
      package:
        '  cd "$pkgdir"; mkdir -p usr/share/man/man{1,3} usr/share/info opt/x/man; echo one > usr/share/man/man1/one.1; ln -s one.1 usr/share/man/man1/two.1; ln -s ../man1/one.1 usr/share/man/man3/x.3; ln usr/share/man/man1/one.1 usr/share/man/man3/hard.3; echo i > usr/share/info/i.info; echo o > opt/x/man/o.1',
    },
  }),
  recipe("zipman-off", {
    head: "options=(!zipman)",
    functions: { package: '  install -d "$pkgdir/usr/share/man/man1"; echo m > "$pkgdir/usr/share/man/man1/m.1"' },
  }),
  recipe("docs-off", {
    head: "options=(!docs)",
    functions: {
      package:
        '  mkdir -p "$pkgdir"/usr/share/{doc/x,y} "$pkgdir"/opt/z/doc; touch "$pkgdir"/usr/share/doc/x/README "$pkgdir"/usr/share/y/z "$pkgdir"/opt/z/doc/a',
    },
  }),
  recipe("libtool-off", {
    head: "options=(!libtool)",
    functions: { package: '  mkdir -p "$pkgdir/usr/lib"; touch "$pkgdir"/usr/lib/{a.la,b.so}' },
  }),
  recipe("staticlibs-off", {
    head: "options=(!staticlibs !strip)",
    functions: { package: '  mkdir -p "$pkgdir/usr/lib"; touch "$pkgdir"/usr/lib/lib{a.a,a.so,b.a}' },
  }),
  recipe("purge", {
    functions: {
      package:
        '  mkdir -p "$pkgdir"/usr/share/info "$pkgdir"/usr/lib/perl; touch "$pkgdir"/usr/share/info/dir "$pkgdir"/usr/lib/perl/{.packlist,a.pod,a.pm}',
    },
  }),
  recipe("make", {
    files: {
      "hello.c": HELLO_C,
      Makefile: "hello: hello.c\n\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<\ninstall:\n\tinstall -Dm755 hello $(DESTDIR)/usr/bin/hello\n",
    },
    functions: { build: "  make", check: "  ./hello | grep -q hello", package: '  make DESTDIR="$pkgdir" install' },
    needs: ["make", "gcc"],
  }),
  recipe("make-libraries", {
    files: { "seven.c": LIB_C },
    functions: {
      build:
        "  gcc $CFLAGS -g -fPIC -c seven.c; ar rcsD libseven.a seven.o; gcc $CFLAGS -g -shared -Wl,-soname,libseven.so.7 -o libseven.so.7 seven.o",
      package:
        '  install -Dm644 libseven.a "$pkgdir/usr/lib/libseven.a"; install -m755 libseven.so.7 "$pkgdir/usr/lib/"; ln -s libseven.so.7 "$pkgdir/usr/lib/libseven.so"',
    },
    head: "provides=(libseven.so)\ndepends=(glibc)",
    needs: ["gcc"],
  }),
  recipe("no-strip", {
    head: "options=(!strip)",
    files: { "hello.c": HELLO_C },
    functions: { build: "  gcc $CFLAGS -g -o hello hello.c", package: '  install -Dm755 hello "$pkgdir/usr/bin/hello"' },
    needs: ["gcc"],
  }),
  recipe("lto", {
    head: "options=(lto !makeflags)",
    files: { "hello.c": HELLO_C },
    functions: {
      build: '  echo "$CFLAGS|$LDFLAGS|$MAKEFLAGS" > flags; gcc $CFLAGS $LDFLAGS -o hello hello.c',
      package: '  install -Dm755 hello "$pkgdir/usr/bin/hello"; install -m644 flags "$pkgdir/"',
    },
    needs: ["gcc"],
  }),
  recipe("no-buildflags", {
    head: "options=(!buildflags)",
    functions: {
      build: '  echo "${CFLAGS-unset}|${LDFLAGS-unset}|${CXXFLAGS-unset}" > flags',
      package: '  install -Dm644 flags "$pkgdir/flags"',
    },
  }),
  recipe("environment", {
    functions: {
      prepare:
        '  greet=from-prepare; export | grep -oE " (CFLAGS|CARCH|srcdir|pkgdir|startdir|PACKAGER|SOURCE_DATE_EPOCH|PYTHONHASHSEED|COMMAND_MODE)=" | sort > exported-prepare || true',
      build:
        '  export | grep -oE " (CFLAGS|CXXFLAGS|CPPFLAGS|LDFLAGS|RUSTFLAGS|MAKEFLAGS|CHOST|CARCH|srcdir|pkgdir|startdir|PACKAGER|SOURCE_DATE_EPOCH|PYTHONHASHSEED)=.*" | sed "s|${srcdir%/src}||g" | sort > exported-build\n  { echo "$greet $CARCH $CHOST $SOURCE_DATE_EPOCH"; umask; shopt extglob; set -o | grep -E "errexit|errtrace|pipefail|nounset"; echo "${PWD##*/} ${pkgdir##*/}"; } > seen',
      package:
        '  mkdir -p "$pkgdir/t"; cp exported-* seen "$pkgdir/t"; echo "${PWD##*/} $pkgname $pkgbase $pkgver ${pkgdir##*/} $(id -u)" > "$pkgdir/t/package"',
    },
  }),
  recipe("cmake", {
    files: {
      "hello.c": HELLO_C,
      "CMakeLists.txt":
        "cmake_minimum_required(VERSION 3.10)\nproject(hello C)\nadd_executable(hello hello.c)\ninstall(TARGETS hello DESTINATION bin)\n",
    },
    functions: {
      build: "  cmake -B build -S . -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=None; cmake --build build",
      package: '  DESTDIR="$pkgdir" cmake --install build',
    },
    needs: ["cmake", "gcc"],
  }),
  recipe("meson", {
    files: { "hello.c": HELLO_C, "meson.build": "project('hello', 'c')\nexecutable('hello', 'hello.c', install: true)\n" },
    functions: {
      build: "  meson setup build . --prefix=/usr; meson compile -C build",
      package: '  meson install -C build --destdir "$pkgdir"',
    },
    needs: ["meson", "gcc"],
  }),
  recipe("autotools", {
    files: {
      "hello.c": HELLO_C,
      "configure.ac": "AC_INIT([hello],[1.0])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
      "Makefile.am": "bin_PROGRAMS = hello\nhello_SOURCES = hello.c\n",
    },
    functions: { prepare: "  autoreconf -fi", build: "  ./configure --prefix=/usr; make", package: '  make DESTDIR="$pkgdir" install' },
    needs: ["autoreconf", "automake", "gcc"],
  }),
  recipe("cargo", {
    files: {
      "Cargo.toml": '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n',
      "main.rs": 'fn main() { println!("hello"); }\n',
    },
    functions: {
      build: "  mkdir -p src; cp main.rs src/; cargo build --release --offline",
      package: '  install -Dm755 target/release/hello "$pkgdir/usr/bin/hello"',
    },
    needs: ["cargo", "gcc"],
  }),
  recipe("go", {
    files: { "go.mod": "module hello\n\ngo 1.20\n", "main.go": 'package main\n\nfunc main() { println("hello") }\n' },
    functions: { build: "  export GOFLAGS=-trimpath; go build -o hello .", package: '  install -Dm755 hello "$pkgdir/usr/bin/hello"' },
    needs: ["go"],
  }),
  recipe("npm", {
    files: {
      "package.json": '{"name":"hello","version":"1.0.0","bin":{"hello":"cli.js"}}\n',
      "cli.js": "#!/usr/bin/env node\nconsole.log('hello')\n",
    },
    functions: {
      build: "  mkdir p; cp -L package.json cli.js p; cd p; npm pack --silent --offline",
      package: '  npm install --silent --offline -g --prefix "$pkgdir/usr" ./p/hello-1.0.0.tgz; chown -R root:root "$pkgdir"',
    },
    needs: ["npm"],
  }),
  recipe("python", {
    files: { "hello.py": "def main():\n    print('hello')\n" },
    functions: {
      build: "  python3 -m py_compile hello.py",
      package: '  install -Dm644 hello.py "$pkgdir/usr/lib/python3/hello.py"; cp -r __pycache__ "$pkgdir/usr/lib/python3/"',
    },
    needs: ["python3"],
  }),
  recipe("split", {
    head: "pkgname=(split-a split-b)\npkgbase=split",
    functions: {
      build: "  echo both > both",
      "package_split-a": '  install -Dm644 both "$pkgdir/usr/share/a"',
      "package_split-b": '  install -Dm644 both "$pkgdir/usr/share/b"',
    },
  }),
  recipe("split-overrides", {
    head: "pkgname=(over-a over-b)\npkgbase=over\ndepends=(glibc)\noptions=(!strip)",
    functions: {
      "package_over-a":
        '  pkgdesc="The first"; depends+=(bash); options=(!emptydirs); arch=(any); mkdir -p "$pkgdir/empty"; install -d "$pkgdir/usr"; touch "$pkgdir/usr/a"',
      "package_over-b": '  license=(GPL); backup=(etc/b); mkdir -p "$pkgdir/empty"; install -Dm644 /dev/null "$pkgdir/etc/b"',
    },
  }),
  recipe("pkgver-function", {
    functions: {
      prepare: "  echo 2.5 > version",
      pkgver: '  cat "$srcdir/version"',
      package: '  install -d "$pkgdir"; echo "$pkgver-$pkgrel" > "$pkgdir/version"',
    },
  }),
  recipe("tarball", {
    head: "source=(t-1.0.tar.gz)\nsha256sums=(SKIP)",
    setUp: "mkdir t-1.0; echo a > t-1.0/a; chmod 755 t-1.0/a; ln -s a t-1.0/l; tar -czf t-1.0.tar.gz t-1.0; rm -r t-1.0",
    functions: { package: '  mkdir -p "$pkgdir/usr"; cp -a t-1.0 "$pkgdir/usr/"' },
  }),
  recipe("archives", {
    head: "source=(z.zip c.txt.gz n.tar.xz)\nsha256sums=(SKIP SKIP SKIP)\nnoextract=(n.tar.xz)",
    setUp:
      "echo z > z.txt; bsdtar --format zip -cf z.zip z.txt; rm z.txt; echo c | gzip -n > c.txt.gz; echo n > n; tar -cJf n.tar.xz n; rm n",
    functions: { package: '  mkdir -p "$pkgdir/usr"; cp -L * "$pkgdir/usr/"' },
    needs: ["bsdtar"],
  }),
  recipe("patched", {
    head: "source=(a.txt fix.patch)\nsha256sums=(SKIP SKIP)",
    files: { "a.txt": "one\ntwo\n", "fix.patch": "--- a.txt\n+++ a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n" },
    functions: { prepare: "  cp -L a.txt b.txt; patch b.txt fix.patch", package: '  install -Dm644 b.txt "$pkgdir/b.txt"' },
    needs: ["patch"],
  }),
  recipe("git", {
    head: 'source=("repo::git+file://$startdir/upstream#tag=v1")\nsha256sums=(SKIP)\nmakedepends=(git)',
    setUp:
      "git init -q upstream; cd upstream; echo one > f; git add f; git -c user.name=a -c user.email=a@a commit -qm one; git tag v1; echo two > f; git -c user.name=a -c user.email=a@a commit -qam two",
    functions: { package: '  install -Dm644 repo/f "$pkgdir/f"; git -C repo describe --tags > "$pkgdir/described"' },
    needs: ["git"],
  }),
  recipe("arch-source", {
    head: "source=(all.txt)\nsource_x86_64=(x86.txt)\nsha256sums=(SKIP)\nsha256sums_x86_64=(SKIP)\ndepends_x86_64=(glibc)",
    files: { "all.txt": "all\n", "x86.txt": "x86\n" },
    functions: { package: '  mkdir "$pkgdir/u"; cat *.txt > "$pkgdir/u/f"' },
  }),
  recipe("metadata", {
    head: "epoch=2\nurl=https://example.org\ngroups=(g1 g2)\nbackup=(etc/x)\ninstall=m.install\nchangelog=CHANGES\noptdepends=('bash:   a   shell')\nconflicts=(a)\nreplaces=(b)\nprovides=(c=1)\nmakedepends=(make)\ncheckdepends=(grep)",
    files: { "m.install": "post_install() { :; }\n", CHANGES: "1.0\n" },
    functions: { package: '  install -Dm644 /dev/null "$pkgdir/etc/x"' },
  }),
];

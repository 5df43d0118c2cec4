// rbee pkgbuild build behind each kind of walls: what the machine's settings do to a build, and what it sees of the machine.
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome } from "../harness.ts";

setDefaultTimeout(60_000);

const settings = {
  ...{ nice: 7, memory_bytes: 4_000_000_000, makeflags: "-j3", cflags: "-O1", ltoflags: "-flto=thin", packager: "Somebody" },
  ...{ options: ["!strip", "lto", "!zipman"], buildenv: ["!check"] },
};

const recipe = `pkgname=t
pkgver=1
pkgrel=1
arch=(any)
build() {
  { nice; ulimit -v; echo "$MAKEFLAGS $CFLAGS"; } >"$srcdir/settings"
  for place in /dev/pts/* /run/* /home/* /root/*; do [[ ! -e $place || $place = */ptmx || $place = /run/mount ]] || echo "$place"; done >"$srcdir/seen"
  for place in / /usr /etc "$startdir"; do ( : >"$place/x" ) 2>/dev/null && echo "$place"; done >"$srcdir/written" || true
  id -u >"$srcdir/uid"
}
check() { false; }
package() { install -d "$pkgdir/usr/man"; cp settings seen written uid "$pkgdir/usr/"; echo page >"$pkgdir/usr/man/page.1"; }
`;

const rooms = ["bubblewrap", "namespaces", "plain"].filter((room) => room !== "bubblewrap" || Bun.which("bwrap") !== null);

test.if(process.platform === "linux").each(rooms)(
  "%s: settings reach a build, and nothing of a person is in sight or that is told",
  async (room) => {
    await using home = makeHome({ RBEE_SANDBOX: room });
    const directory = join(home.path, "recipe");
    for (const path of [directory, join(home.path, "config")]) mkdirSync(path);
    writeFileSync(join(directory, "PKGBUILD"), recipe);
    writeFileSync(join(home.path, "config/config.json"), JSON.stringify({ build: settings }));
    const ran = await home.rbee(["pkgbuild", "build", directory, "--output", join(home.path, "out")]);
    expect(ran).toMatchObject({ code: 0 });
    const made = (path: string) => readFileSync(join(home.path, "out/t/usr", path), "utf8");
    expect(made("settings")).toBe("7\n3906250\n-j3 -O1 -flto=thin\n");
    expect(made("man/page.1")).toBe("page\n");
    expect(made("uid")).not.toBe("0\n");
    if (room === "plain") expect(ran.stderr).toContain("this machine has no hidden home directory");
    else expect([made("seen"), made("written")]).toEqual(["", ""]);
  },
);

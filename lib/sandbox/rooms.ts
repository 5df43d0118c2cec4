// The kinds of walls that there may be on a machine, from the best to the least: each turns a command into one that runs behind them.
import { type Mount, parentsOf } from "./view.ts";

export interface RoomOptions {
  readonly view: readonly Mount[];
  readonly network: boolean;
  /** The user that the command becomes; undefined: it stays who we are. Only root can become somebody. */
  readonly uid: number | undefined;
  /** The command sees itself as root, through a mapping that gives it no right. */
  readonly seesRoot: boolean;
}

export interface Room {
  readonly name: "bubblewrap" | "namespaces" | "plain";
  readonly command: (argv: readonly string[], options: RoomOptions) => string[];
  /** What these walls do not keep out, in words. */
  readonly missing: readonly string[];
  readonly canCloseNetwork: boolean;
}

const isRoot = () => process.getuid?.() === 0;

/** Becomes the user for good: no groups, no capabilities, none to be had again (setpriv(1), capabilities(7)). */
function dropTo(uid: number | undefined): string[] {
  if (uid === undefined) return [];
  return [
    "setpriv",
    `--reuid=${uid}`,
    `--regid=${uid}`,
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--bounding-set=-all",
    "--",
  ];
}

/** A user namespace of its own in which this user is called root (user_namespaces(7)). */
const MAPPED_ROOT = ["unshare", "-U", "-r", "--"];

/**
 * SIGTERM goes to every process of a tree. Whoever holds the walls must outlive it, or what is behind them would be killed without the
 * time that it was given: the holder ignores the signal, the command gets it back.
 */
const SHIELD = ["sh", "-c", 'trap "" TERM; exec "$@"', "sh"];
const UNSHIELD = ["env", "--default-signal=TERM"];

/** bubblewrap, as an ordinary user or as root; as root it needs no user namespace. Source: bwrap(1). */
export const bubblewrap: Room = {
  name: "bubblewrap",
  missing: [],
  canCloseNetwork: true,
  command: (argv, { view, network, uid, seesRoot }) => {
    const identity = isRoot()
      ? ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
      : ["--unshare-user", ...(seesRoot ? ["--uid", "0", "--gid", "0"] : [])];
    const walls = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", ...(network ? [] : ["--unshare-net"]), "--die-with-parent"];
    const inside = [...UNSHIELD, ...dropTo(uid), ...(isRoot() && seesRoot ? MAPPED_ROOT : []), ...argv];
    const mounts = [...bindings(view), "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/"];
    return [...SHIELD, "bwrap", ...identity, ...walls, ...mounts, "--", ...inside];
  },
};

function bindings(view: readonly Mount[]): string[] {
  const made = new Set<string>();
  const parents = (path: string) =>
    parentsOf(path)
      .filter((parent) => !made.has(parent) && made.add(parent))
      .flatMap((parent) => ["--perms", "0755", "--dir", parent]);
  return view.flatMap((mount) => {
    const before = parents(mount.path);
    made.add(mount.path);
    switch (mount.kind) {
      case "ro":
        return [...before, "--ro-bind", mount.path, mount.path];
      case "rw":
        return [...before, "--bind", mount.path, mount.path];
      case "link":
        return [...before, "--symlink", mount.target, mount.path];
      case "empty":
        return [...before, "--perms", /tmp$/.test(mount.path) ? "1777" : "0755", "--tmpfs", mount.path];
      default:
        return mount satisfies never;
    }
  });
}

/**
 * The same view made by hand with unshare(1), mount(8) and pivot_root(8), for machines without bubblewrap. Process 1 of the namespace is
 * the shell of the script, which ends with the command and takes along what is left.
 */
export const namespaces: Room = {
  name: "namespaces",
  missing: ["read-only system directories"],
  canCloseNetwork: true,
  command: (argv, { view, network, uid, seesRoot }) => {
    const own = isRoot() ? [] : ["--user", "--map-root-user"];
    const walls = ["--mount", "--pid", "--fork", "--kill-child=KILL", "--ipc", ...(network ? [] : ["--net"])];
    const me = [`--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`];
    const identity = isRoot() ? [...dropTo(uid), ...(seesRoot ? MAPPED_ROOT : [])] : seesRoot ? [] : ["unshare", "--user", ...me, "--"];
    const inside = [...UNSHIELD, ...identity, ...argv];
    return [...SHIELD, "unshare", ...own, ...walls, "--", "sh", "-ec", `${mountScript(view)}\n${RUN}`, "sh", ...inside];
  },
};

const RUN = 'cd "$here"\n"$@" <&0 &\nchild=$!\nstatus=0\nwait $child || status=$?\nexit $status';

function mountScript(view: readonly Mount[]): string {
  const lines = view.flatMap((mount) => mountLines(mount));
  return [
    "here=$PWD; root=/tmp; path=$PATH; PATH=$PATH:/usr/sbin:/sbin",
    "mount --make-rprivate /",
    "mount --rbind /tmp /mnt 2>/dev/null && tmp=/mnt || tmp=/tmp",
    'mount -t tmpfs -o mode=755 rbee "$root"',
    ...lines,
    'mkdir -p "$root/proc" "$root/dev" "$root/.old"',
    'mount -t proc proc "$root/proc"',
    ...DEVICES,
    'cd "$root"; pivot_root . .old; cd /; umount -l /.old; rmdir /.old; PATH=$path',
  ].join("\n");
}

/** The devices that every program expects and terminals of its own: those of people would let it read what they type. Source: bwrap(1), --dev. */
const DEVICES = [
  'mount -t tmpfs -o mode=755 rbee "$root/dev"; mkdir "$root/dev/pts" "$root/dev/shm"',
  'for name in null zero full random urandom tty; do : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done',
  'mount -t devpts -o newinstance,ptmxmode=0666,mode=620 rbee "$root/dev/pts"; ln -s pts/ptmx "$root/dev/ptmx"',
  'mount -t tmpfs -o mode=1777 rbee "$root/dev/shm"; ln -s /proc/self/fd "$root/dev/fd"',
  'ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"',
];

function mountLines(mount: Mount): string[] {
  const at = `"$root"${quoted(mount.path)}`;
  const parent = parentsOf(mount.path).map((path) => `mkdir -p "$root"${quoted(path)}`);
  // What lies below /tmp is reached through its second name, because the new root covers the first.
  const from = mount.path.startsWith("/tmp/") ? `"$tmp"${quoted(mount.path.slice(4))}` : quoted(mount.path);
  switch (mount.kind) {
    case "link":
      return [...parent.slice(-1), `ln -s ${quoted(mount.target)} ${at}`];
    case "empty":
      return [...parent.slice(-1), `mkdir -p ${at}; mount -t tmpfs -o mode=${/tmp$/.test(mount.path) ? "1777" : "755"} rbee ${at}`];
    case "ro":
      return [...mountLines({ kind: "rw", path: mount.path }), readOnly(at)];
    case "rw":
      // Only what is missing is made: below a directory that is mounted already it would be the real file.
      return [
        ...parent.slice(-1),
        `[ -e ${at} ] || if [ -d ${from} ]; then mkdir -p ${at}; else : > ${at}; fi; mount --rbind ${from} ${at}`,
      ];
    default:
      return mount satisfies never;
  }
}

/**
 * In a user namespace the flags of a mount may not be taken away, so that both common sets are tried (mount_namespaces(7)). Mounts below it stay as
 * they are: hence "read-only" is not promised.
 */
function readOnly(at: string): string {
  const remount = (options: string) => `mount -o remount,bind,${options} ${at} 2>/dev/null`;
  return `${remount("ro")} || ${remount("ro,nosuid,nodev")} || :`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** No walls at all but another user's rights, where the kernel or a container allows no more. */
export const plain: Room = {
  name: "plain",
  missing: ["hidden home directory", "hidden processes", "read-only files", "network that can be closed"],
  canCloseNetwork: false,
  command: (argv, { uid, seesRoot }) => [...dropTo(uid), ...(seesRoot ? ["fakeroot", "--"] : []), ...argv],
};

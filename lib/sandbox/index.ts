// Puts somebody else's command behind the best walls that this machine has, and says which walls are missing.
import { fail } from "../errors.ts";
import { bubblewrap, namespaces, plain, type Room, type RoomOptions } from "./rooms.ts";
import { type ViewOptions, viewOf } from "./view.ts";

export interface SandboxOptions extends ViewOptions {
  readonly network: boolean;
  /** The user that the command becomes; undefined where we are not root. */
  readonly uid: number | undefined;
  /** The command believes to be root, as package() does. */
  readonly seesRoot?: boolean;
}

export interface Walls {
  readonly room: Room["name"];
  /** What is not kept out, in words that complete "this machine has no …". */
  readonly missing: readonly string[];
}

interface Choice {
  readonly room: Room;
  /** How a command comes to see itself as root. */
  readonly root: "mapped" | "fakeroot" | "no";
}

let chosen: Choice | undefined;

/** The walls that this machine has: looked up once, by starting `true` behind each kind. `RBEE_SANDBOX=plain` goes without. */
export function walls(): Walls {
  const { room, root } = choice();
  return { room: room.name, missing: [...room.missing, ...(root === "no" ? ["way for package() to see itself as root"] : [])] };
}

export function canCloseNetwork(): boolean {
  return choice().room.canCloseNetwork;
}

/**
 * The command that runs `argv` behind the walls. The environment is not changed; the working directory must be visible there.
 * @throws WALL_MISSING when the network is to be closed and cannot be.
 */
export function sandboxCommand(argv: readonly string[], options: SandboxOptions): string[] {
  const { room, root } = choice();
  if (!options.network && !room.canCloseNetwork) throw fail("WALL_MISSING", { wall: "a network that can be closed" });
  const isPretended = options.seesRoot === true && root === "fakeroot" && room !== plain;
  const seesRoot = options.seesRoot === true && (room === plain ? root === "fakeroot" : root === "mapped");
  return room.command(isPretended ? ["fakeroot", "--", ...argv] : argv, { ...options, view: viewOf(options), seesRoot });
}

function choice(): Choice {
  chosen ??= choose();
  return chosen;
}

function choose(): Choice {
  const wanted = process.env.RBEE_SANDBOX;
  const rooms = [bubblewrap, namespaces].filter((room) => process.platform === "linux" && (wanted === undefined || wanted === room.name));
  const room = rooms.find((each) => works(each, false)) ?? plain;
  if (room !== plain && works(room, true)) return { room, root: "mapped" };
  return { room, root: Bun.which("fakeroot") ? "fakeroot" : "no" };
}

/** A user that nobody is: only for trying. */
const TRIAL_UID = 60_000;

function works(room: Room, seesRoot: boolean): boolean {
  const uid = process.getuid?.() === 0 ? TRIAL_UID : undefined;
  const view = viewOf({ writable: [], readable: [], env: { PATH: process.env.PATH } });
  const options: RoomOptions = { view, network: true, uid, seesRoot };
  const [program, ...rest] = room.command(["true"], options);
  return (
    Bun.spawnSync([program!, ...rest], {
      env: { PATH: process.env.PATH ?? "" },
      cwd: "/",
      stdio: ["ignore", "ignore", "ignore"],
      timeout: 5_000,
    }).exitCode === 0
  );
}

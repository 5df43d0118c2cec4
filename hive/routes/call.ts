// What an answer to a request is made from: the request, and everything that the server has.
import type { Server } from "bun";
import type { Hive } from "../hive.ts";
import type { Jobs } from "../jobs.ts";
import type { Log } from "../log.ts";
import type { Doors } from "./doors.ts";

export interface ServerOptions {
  readonly hive: Hive;
  readonly jobs: Jobs;
  readonly doors: Doors;
  readonly log: Log;
  readonly clients: Clients;
  /** Ends the hive after the answer was sent. */
  readonly onShutdown: (keepWorkers: boolean) => void;
}

/** Who is connected right now, and when somebody last was. */
export interface Clients {
  enter(): void;
  leave(): void;
  /** Somebody handed in a job and will come for its events. */
  expect(jobId: string): void;
  /** They came. */
  come(jobId: string): void;
}

export interface Call extends ServerOptions {
  readonly request: Request;
  readonly server: Server<undefined>;
  /** What stands in the pattern's places, decoded. */
  readonly slots: readonly string[];
}

export type Answer = (call: Call) => unknown;

// What the kernel offers and Bun does not wrap, through the C library. Linux only; opened when first needed.
import { dlopen, FFIType, type Pointer } from "bun:ffi";
import { closeSync } from "node:fs";
import { constants } from "node:os";

/** Source: prctl(2), linux/prctl.h; waitpid(2). */
export const PR_SET_PDEATHSIG = 1;
export const PR_SET_CHILD_SUBREAPER = 36;
export const WNOHANG = 1;

/** The same on every architecture since Linux 5.3. Source: pidfd_open(2), pidfd_send_signal(2), asm-generic/unistd.h. */
const PIDFD_SEND_SIGNAL = BigInt(424);
const PIDFD_OPEN = BigInt(434);
const NONE = BigInt(0);

interface Libc {
  readonly prctl: (option: number, value: number) => number;
  readonly waitpid: (pid: number, status: Pointer | null, options: number) => number;
  readonly syscall: (number: bigint, first: bigint, second: bigint) => number;
}

let opened: Libc | undefined;

/** @throws when there is no C library under a name that is known, as on other systems than Linux. */
export function openLibc(): Libc {
  opened ??= open();
  return opened;
}

/** A descriptor that means this very process as long as it is open, whatever becomes of its pid; undefined where there is none. */
export function openPidfd(pid: number): ({ signal(name: NodeJS.Signals): boolean } & Disposable) | undefined {
  const { syscall } = openLibc();
  const fd = syscall(PIDFD_OPEN, BigInt(pid), NONE);
  if (fd < 0) return undefined;
  return {
    signal: (name) => syscall(PIDFD_SEND_SIGNAL, BigInt(fd), BigInt(constants.signals[name])) === 0,
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function open(): Libc {
  const { i32, i64, u64, ptr } = FFIType;
  const functions = {
    prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
    waitpid: { args: [i32, ptr, i32], returns: i32 },
    syscall: { args: [i64, i64, i64, i64, i64], returns: i64 },
  } as const;
  for (const name of ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, "libc.so"]) {
    try {
      const { symbols } = dlopen(name, functions);
      return {
        prctl: (option, value) => symbols.prctl(option, BigInt(value), NONE, NONE, NONE),
        waitpid: symbols.waitpid,
        syscall: (number, first, second) => Number(symbols.syscall(number, first, second, NONE, NONE)),
      };
    } catch {
      // The other C library's name is tried next.
    }
  }
  throw new Error("The C library cannot be opened");
}

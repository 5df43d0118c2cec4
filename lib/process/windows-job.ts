// Windows: a job object that kills all its processes when its last handle is closed, also by the death of whoever holds it.
// Source: learn.microsoft.com, "Job Objects"; jobapi2.h, winnt.h. Compiled for Windows, not run there.
import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";

const JOB_OBJECT_EXTENDED_LIMIT_INFORMATION = 9;
const JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;
/** sizeof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION) on 64 bits; LimitFlags lies behind two 64-bit times. */
const INFORMATION_BYTES = 144;
const LIMIT_FLAGS_AT = 16;
const PROCESS_SET_QUOTA_AND_TERMINATE = 0x0101;

/** Puts a process that was just started into a job object of its own; what it starts from then on is in it too. Returns how to end them all. */
export function holdInJobObject(pid: number): { kill: () => void; release: () => void } {
  const kernel = openKernel();
  const job = kernel.CreateJobObjectW(null, null);
  const process = kernel.OpenProcess(PROCESS_SET_QUOTA_AND_TERMINATE, 0, pid);
  if (!job || !process) throw new Error(`Process ${pid} cannot be put into a job object`);
  const information = limitInformation();
  kernel.SetInformationJobObject(job, JOB_OBJECT_EXTENDED_LIMIT_INFORMATION, ptr(information), information.length);
  const isHeld = kernel.AssignProcessToJobObject(job, process) !== 0;
  kernel.CloseHandle(process);
  if (!isHeld) throw new Error(`Process ${pid} cannot be put into a job object`);
  return { kill: () => void kernel.TerminateJobObject(job, 1), release: () => void kernel.CloseHandle(job) };
}

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION with one flag. */
export function limitInformation(): Uint8Array {
  const bytes = new Uint8Array(INFORMATION_BYTES);
  new DataView(bytes.buffer).setUint32(LIMIT_FLAGS_AT, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, true);
  return bytes;
}

function openKernel() {
  const { ptr: handle, u32, i32 } = FFIType;
  const { symbols } = dlopen("kernel32.dll", {
    CreateJobObjectW: { args: [handle, handle], returns: handle },
    OpenProcess: { args: [u32, i32, u32], returns: handle },
    SetInformationJobObject: { args: [handle, i32, handle, u32], returns: i32 },
    AssignProcessToJobObject: { args: [handle, handle], returns: i32 },
    TerminateJobObject: { args: [handle, u32], returns: i32 },
    CloseHandle: { args: [handle], returns: i32 },
  });
  return symbols as typeof symbols & { CreateJobObjectW: (security: null, name: null) => Pointer | null };
}

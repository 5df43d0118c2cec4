// When a hive that ends by itself may go.
import { expect, test } from "bun:test";
import { idleWatch } from "../../hive/idle.ts";
import { until } from "../harness.ts";

const SOON = { idleMs: 40 };

function watch(options: { isBusy?: () => boolean; comingMs?: number } = {}) {
  const seen = { idle: false };
  const onIdle = () => {
    seen.idle = true;
  };
  const idle = idleWatch({ isBusy: () => false, ...SOON, ...options, onIdle });
  return { idle, seen };
}

/** Long enough for a watch that forgot somebody to have gone. */
const aWhile = () => Bun.sleep(SOON.idleMs * 5);

test("it goes when nobody is here, and not before jobs, workers and clients are gone", async () => {
  let isBusy = true;
  const { idle, seen } = watch({ isBusy: () => isBusy });
  idle.enter();
  await aWhile();
  isBusy = false;
  await aWhile();
  expect(seen.idle).toBe(false);
  idle.leave();
  await until("it goes", () => seen.idle);
});

test("who handed in a job and did not come for its events yet is waited for, though not for ever", async () => {
  const { idle, seen } = watch();
  idle.expect("job");
  await aWhile();
  expect(seen.idle).toBe(false);
  idle.enter();
  idle.come("job");
  await aWhile();
  expect(seen.idle).toBe(false);
  idle.leave();
  await until("it goes", () => seen.idle);

  const forgetful = watch({ comingMs: 60 });
  forgetful.idle.expect("job");
  await until("it goes all the same", () => forgetful.seen.idle);
});

/** Discord's snowflake ids: the time in milliseconds since 2015, shifted left by 22 bits. */

const EPOCH_MS = 1420070400000n;
let latest = 0n;

/** A nonce for a call: unique in this page and rising, as the real client makes them. */
export function makeNonce(nowMs = Date.now()) {
  const id = (BigInt(nowMs) - EPOCH_MS) << 22n;
  latest = id > latest ? id : latest + 1n;
  return latest.toString();
}

/** When an id was made, in Unix milliseconds. */
export function snowflakeTimeMs(id) {
  return Number((BigInt(id) >> 22n) + EPOCH_MS);
}

/** Order ids by time without losing digits to floating point. */
export function compareIds(left, right) {
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}

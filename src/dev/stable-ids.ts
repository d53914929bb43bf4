/** Identifiers that a platform would have given once: derived from names, so that they outlive a restart. */
import { createHash } from 'node:crypto';

const digest = (names: readonly string[]) => createHash('sha1').update(JSON.stringify(names)).digest();

/** A UUID in the manner of version 5 (RFC 9562 §5.5). */
export function uuidOf(...names: string[]): string {
  const bytes = digest(names).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A decimal number of up to ten digits, as GitHub numbers repositories and owners. */
export function numberOf(...names: string[]): string {
  return String(digest(names).readUInt32BE(0));
}

/** 40 hex digits, as git names commits. */
export function commitOf(...names: string[]): string {
  return digest(names).toString('hex');
}

/** What a cluster's DNS answers: addresses of Services, by RFC 1035 and no more than one question needs. */

const [A, IN] = [1, 1];
const [NAME_ERROR, TTL_SECONDS] = [3, 1];

/** @param addresses by fully qualified name, in lower case, without the last dot */
export function answerDns(query: Buffer, addresses: ReadonlyMap<string, readonly string[]>): Buffer | undefined {
  if (query.length < 17 || query.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  const end = at + 5;
  if (end > query.length) return undefined;
  const type = query.readUInt16BE(at + 1);
  const known = addresses.get(labels.join('.'));
  const found = type === A ? (known ?? []) : [];
  const head = Buffer.from(query.subarray(0, 12));
  // An answer, authoritative, recursion available; no such name, or none of this type.
  head.writeUInt16BE(0x8580 | (known ? 0 : NAME_ERROR), 2);
  head.writeUInt16BE(found.length, 6);
  head.writeUInt32BE(0, 8);
  const records = found.map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(A, 2);
    record.writeUInt16BE(IN, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(4, 10);
    for (const [i, part] of address.split('.').entries()) record[12 + i] = Number(part);
    return record;
  });
  return Buffer.concat([head, query.subarray(12, end), ...records]);
}

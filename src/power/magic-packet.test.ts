import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../net/mac.ts';
import { encodeMagicPacket } from './magic-packet.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('six octets of ff, and sixteen times the MAC', () => {
  const bytes = encodeMagicPacket(mac('00:25:90:96:c4:9a'));
  assert.equal(bytes.length, 102);
  assert.equal(hex(bytes), `ffffffffffff${'00259096c49a'.repeat(16)}`);
});

test('the password of SecureOn stands behind it', () => {
  const bytes = encodeMagicPacket(mac('00:25:90:96:c4:9a'), Uint8Array.of(1, 2, 3, 4, 5, 0xfe));
  assert.equal(bytes.length, 108);
  assert.equal(hex(bytes.subarray(90)), '00259096c49a00259096c49a0102030405fe');
});

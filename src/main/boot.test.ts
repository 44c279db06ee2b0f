import assert from 'node:assert/strict';
import { test } from 'node:test';
import { book, lease, machine, network } from '../../test/support/dhcp.ts';
import type { Settings } from '../config/settings.ts';
import type { DhcpMode } from '../lease/network.ts';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { holderOf, prepareBootState } from './boot.ts';
import { observeEverything } from './observe.ts';

const ADDRESS = '172.22.10.7';
const BEFORE = mac('00:25:90:96:c4:9a');
const NOW = mac('00:25:90:96:c4:9b');

/** Whose the address is that we leased to one machine and that another one was heard to have. */
function holder(mode: DhcpMode, heard: typeof NOW | undefined): string | undefined {
  const networks = [network({ interface: 'none0', dhcp: { mode } })];
  const machines = new Map([
    ['before', machine('before', BEFORE)],
    ['now', machine('now', NOW)],
  ]);
  const settings: Settings = { ...observeEverything([]), networks, machines };
  const leases = book(networks, [lease(ADDRESS, BEFORE)]);
  return holderOf(ipv4(ADDRESS), prepareBootState(settings), leases, () => heard)?.machine?.name;
}

test('an address that we give out is the one’s who has our lease', () => {
  assert.equal(holder('authoritative', NOW), 'before');
});

test('an address that another server gives out is not the one’s who had it by a lease of ours before', () => {
  assert.equal(holder('proxy', NOW), 'now');
  assert.equal(holder('off', NOW), 'now');
  assert.equal(holder('proxy', undefined), 'before');
});

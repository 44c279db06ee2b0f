import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../net/mac.ts';
import { type Entitlement, whyNotEntitled } from './mac-image.ts';

const mm1 = mac('a8:20:66:34:ff:e9');
const mm2 = mac('a8:20:66:4a:ce:46');
const everybody: Entitlement = { notModels: [], notMacs: [] };

const rows: readonly { name: string; entitled: Partial<Entitlement>; model?: string; want: RegExp | undefined }[] = [
  { name: 'no list lets everybody in', entitled: {}, want: undefined },
  { name: 'a model that is listed', entitled: { models: ['Macmini6,2'] }, want: undefined },
  {
    name: 'a model that is listed without its suffix',
    entitled: { models: ['MacPro1,1'] },
    model: 'MacPro1,1,Quad',
    want: undefined,
  },
  {
    name: 'a model that is listed with its suffix',
    entitled: { models: ['MacPro1,1,Quad'] },
    model: 'MacPro1,1,Quad',
    want: undefined,
  },
  {
    name: 'a model that only begins like a listed one',
    entitled: { models: ['Macmini6,20'] },
    want: /not for the model/,
  },
  { name: 'a model that is not listed', entitled: { models: ['iMac14,3'] }, want: /not for the model Macmini6,2/ },
  { name: 'an empty list of models', entitled: { models: [] }, want: /not for the model/ },
  {
    name: 'an excluded model, though it is listed',
    entitled: { models: ['Macmini6,2'], notModels: ['Macmini6,2'] },
    want: /is excluded/,
  },
  { name: 'a Mac that is listed', entitled: { macs: [mm1] }, want: undefined },
  { name: 'a Mac that is not listed', entitled: { macs: [mm2] }, want: /not for this Mac/ },
  { name: 'an excluded Mac, though it is listed', entitled: { macs: [mm1], notMacs: [mm1] }, want: /Mac is excluded/ },
  { name: 'another Mac is excluded', entitled: { notMacs: [mm2] }, want: undefined },
];
for (const { name, entitled, model = 'Macmini6,2', want } of rows) {
  test(`whyNotEntitled(): ${name}`, () => {
    const reason = whyNotEntitled({ ...everybody, ...entitled }, mm1, model);
    if (want === undefined) assert.equal(reason, undefined);
    else assert.match(reason ?? '', want);
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseXml } from './xml.ts';

const broken = (message: RegExp) => ({ code: 'upstream-failed', message });

describe('small XML', () => {
  test('elements, attributes, text, references, CDATA, comments', () => {
    const root = parseXml(
      'a.xml',
      `<?xml version="1.0"?><!-- a < b --><r:a x='1' y = "&lt;&#65;&#x42;&amp;"><b/>one <![CDATA[<&two>]]><!-- no --> &quot;</r:a >\n`,
    );
    assert.equal(root.name, 'r:a');
    assert.deepEqual(
      [...root.attributes],
      [
        ['x', '1'],
        ['y', '<AB&'],
      ],
    );
    assert.deepEqual(
      root.children.map(({ name }) => name),
      ['b'],
    );
    assert.equal(root.text, 'one <&two> "');
  });

  test('what is no XML is named with its line', () => {
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      ['', /a\.xml: line 1: no XML element/],
      ['<a>\n<b>\n</a>', /line 3: <\/a> closes nothing/],
      ['<a>', /ends within <a>/],
      ['<a></a><b/>', /more than one root/],
      ['<a/>text', /outside/],
      ['text<a/>', /outside/],
      ['<a', /malformed/],
      ['<a x>', /without a value/],
      ['<a x=1>', /without a proper end/],
      ['<a x="1">&nbsp;</a>', /&nbsp; is no reference/],
      ['<a>&#0;</a>', /&#0; is no reference/],
      ['<a>&#x110000;</a>', /no reference/],
      ['<a>fish & chips</a>', /no reference/],
      ['<a x="1" x="2"/>', /twice/],
      ['<a><!-- </a>', /-->/],
      ['<a><![CDATA[</a>', /\]\]>/],
      ['</a>', /closes nothing/],
      ['<1/>', /begins no tag/],
    ];
    for (const [text, message] of cases) assert.throws(() => parseXml('a.xml', text), broken(message), text);
  });

  test('document types and entities are refused, so nothing can be blown up or read with them', () => {
    const lol = '<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><a>&x;</a>';
    assert.throws(() => parseXml('a.xml', lol), broken(/document type/));
    assert.throws(() => parseXml('a.xml', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'), broken(/document type/));
  });

  test('depth and number of elements are bounded', () => {
    assert.throws(() => parseXml('a.xml', '<a>'.repeat(40)), broken(/too many or too deep/));
    assert.throws(() => parseXml('a.xml', `<a>${'<b/>'.repeat(60_000)}</a>`), broken(/too many or too deep/));
  });

  test('any cut or changed text gives an element or upstream-failed, nothing else', () => {
    const text = '<a x="1"><b>t&amp;</b><!-- c --><c d=\'2\'/><![CDATA[x]]></a>';
    for (let length = 0; length < text.length; length++) {
      assert.throws(() => parseXml('a.xml', text.slice(0, length)), { code: 'upstream-failed' });
    }
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 3 }), (at, piece) => {
        try {
          parseXml('a.xml', text.slice(0, at) + piece + text.slice(at + piece.length));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'upstream-failed');
        }
      }),
    );
  });
});

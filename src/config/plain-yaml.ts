import { parseDocument } from 'yaml';
import type { ReadYaml } from '../boot/autoinstall-check.ts';

/** Reads YAML as other programs do, without places. cloud-init reads YAML 1.1 (PyYAML). */
export const readPlainYaml: ReadYaml = (text) => {
  const document = parseDocument(text, { version: '1.1', prettyErrors: true, keepSourceTokens: false });
  const [error] = document.errors;
  if (error === undefined) return { kind: 'data', data: document.toJS() };
  const [message = ''] = error.message.split(/ at line [0-9]+|\n/, 1);
  return { kind: 'problem', problem: { line: error.linePos?.[0].line ?? 1, message: `this is no YAML: ${message}` } };
};

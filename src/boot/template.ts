import { Liquid, LiquidError, type Template } from 'liquidjs';
import { kickstartQuote, shellQuote, shellQuoteLine, yamlQuote } from './quote.ts';
import { grubQuote } from './render-grub.ts';

/** What is wrong with a template, and where. Lines and columns count from 1. */
export interface TemplateProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type RenderedTemplate =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: TemplateProblem };

/** Text of a template by its path; undefined when there is none. Never waits for a disk. */
export type ReadTemplate = (path: string) => string | undefined;

export interface Templates {
  render(path: string, variables: object): RenderedTemplate;
}

/**
 * Renders Liquid templates. A variable or filter that does not exist is a problem, not an empty string; `if`, `unless` and
 * the filter `default` may ask for a variable that does not exist. Templates are parsed once, until their text changes.
 */
export function createTemplates(read: ReadTemplate): Templates {
  const engine = openEngine(read);
  const parsed = new Map<string, { readonly text: string; readonly templates: Template[] }>();
  const parse = (path: string, text: string): Template[] => {
    const known = parsed.get(path);
    if (known?.text === text) return known.templates;
    const templates = engine.parse(text, path);
    parsed.set(path, { text, templates });
    return templates;
  };
  return {
    render(path, variables) {
      const text = read(path);
      if (text === undefined) return problem(path, 1, 1, 'the template is not there or cannot be read');
      try {
        return { kind: 'text', text: String(engine.renderSync(parse(path, text), variables)) };
      } catch (error) {
        // What exceeds a limit of the engine is thrown without a place, and must not end the server either.
        if (error instanceof Error && /limit exceeded/.test(error.message)) return problem(path, 1, 1, error.message);
        if (!LiquidError.is(error)) throw error;
        const [line = 1, column = 1] = error.token.getPosition();
        return problem(error.token.file ?? path, line, column, plainMessage(error));
      }
    },
  };
}

function openEngine(read: ReadTemplate): Liquid {
  const readOrThrow = (file: string): string => {
    const text = read(file);
    if (text === undefined) throw new Error(`there is no template "${file}"`);
    return text;
  };
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    relativeReference: false,
    // A template comes from a file that root edits, but a slip in one must not stop the whole server.
    // The limit is wall time: a busy host must not fail a good template, which takes some milliseconds by itself.
    renderLimit: 20_000,
    memoryLimit: 10_000_000,
    fs: {
      readFile: async (file) => readOrThrow(file),
      readFileSync: readOrThrow,
      exists: async (file) => read(file) !== undefined,
      existsSync: (file) => read(file) !== undefined,
      contains: async () => true,
      containsSync: () => true,
      resolve: (_folder, file) => file,
    },
  });
  engine.registerFilter('sh', shellQuote);
  engine.registerFilter('shline', shellQuoteLine);
  engine.registerFilter('ks', kickstartQuote);
  // A preseed's value goes on in the next line after a backslash; debconf joins the lines with spaces.
  engine.registerFilter('continued', (value: unknown) => String(value).replaceAll('\n', ' \\\n  '));
  engine.registerFilter('json', (value: unknown) => JSON.stringify(value) ?? 'null');
  // Every JSON value is YAML 1.2, and quoted text cannot be taken for a number, a date or a boolean.
  engine.registerFilter('yaml', yamlQuote);
  engine.registerFilter('grubq', (value: unknown) => grubQuote(String(value)));
  return engine;
}

/** Liquid repeats file, line and column in its messages; we say them in our own place. */
function plainMessage(error: LiquidError): string {
  const message = error.originalError?.message ?? error.message;
  return message.split('\n', 1)[0]?.replace(/(, file:.*?)?, line:\d+, col:\d+$/, '') ?? message;
}

function problem(file: string, line: number, column: number, message: string): RenderedTemplate {
  return { kind: 'problem', problem: { file, line, column, message } };
}

import { useState } from 'preact/hooks';
import type {
  RenderedBoot,
  RenderedInstallation,
  RenderedValue,
  RenderView,
} from '../../../src/http/api/render-view.ts';
import { useLoaded } from '../load.ts';
import { FileText } from '../parts/file-text.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';

/** What the machine would be sent if it were switched on now, and where each value comes from. Asked for when opened. */
export function RenderPart({ machine }: { readonly machine: string }) {
  const [isOpen, setOpen] = useState(false);
  const path = `/machines/${encodeURIComponent(machine)}/render`;
  const { value, problem } = useLoaded<{ render: RenderView }>(isOpen ? path : null, 10_000);
  return (
    <details class="part" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>What it would get now</h2>
      </summary>
      <ProblemBox problem={problem} />
      {isOpen && value === undefined && problem === undefined && <p class="muted">Loading …</p>}
      {value && <Rendered render={value.render} />}
    </details>
  );
}

function Rendered({ render }: { readonly render: RenderView }) {
  const { decision, facts, boots, installation } = render;
  return (
    <>
      <p>
        <strong>{decision.kind}</strong>: {decision.reason}
      </p>
      <Values rows={facts} name="Known of it" />
      {boots.map((boot) => (
        <Boot key={boot.firmware} boot={boot} />
      ))}
      {installation && <Installation installation={installation} />}
    </>
  );
}

function Boot({ boot }: { readonly boot: RenderedBoot }) {
  const { firmware, isLastSeen, answer, reason, bootFile, options, config } = boot;
  return (
    <details class="inner" open={isLastSeen}>
      <summary>
        Firmware {firmware}
        {isLastSeen && ' (last seen)'}: {bootFile ?? reason ?? answer}
      </summary>
      <Values
        rows={options.map((one) => ({ ...one, name: one.code === null ? one.name : `${one.code} ${one.name}` }))}
        name="DHCP"
      />
      {config && (
        <>
          <h3>
            {config.file} ({config.dialect})
          </h3>
          <FileText text={config.text} />
        </>
      )}
    </details>
  );
}

function Installation({ installation }: { readonly installation: RenderedInstallation }) {
  const { profile, isNow, kernel, initrd, words, answerFile } = installation;
  const line = words.map((word, index) => ({ name: String(index + 1), ...word }));
  return (
    <details class="inner" open>
      <summary>
        Installation of {profile}: {isNow ? 'this is what it would do now' : 'what it would do once it is allowed'}
      </summary>
      <Values rows={[kernel, initrd]} name="Files" />
      <Values rows={line} name="Kernel line" />
      <h3>
        {answerFile.name} from {answerFile.template}
      </h3>
      {answerFile.problem && <p class="warn-text">Not now: {answerFile.problem}</p>}
      {answerFile.text !== null && <FileText text={answerFile.text} />}
      <Values rows={answerFile.values} name="Values of the template" />
    </details>
  );
}

function Values({ rows, name }: { readonly rows: readonly RenderedValue[]; readonly name: string }) {
  if (rows.length === 0) return null;
  return (
    <div class="table-scroll">
      <table class="plain values">
        <caption>{name}</caption>
        <thead>
          <tr>
            <th>Name</th>
            <th>Value</th>
            <th>Origin</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td>{row.name}</td>
              <td class="pre">{row.value}</td>
              <td class="muted">{row.origin}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

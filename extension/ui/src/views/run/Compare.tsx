// Two runs side by side: how long each step took in each, and what was different.

import type { JSX } from "preact";
import { useDesk } from "../host";
import { Button } from "../../ui/Button";
import { duration } from "../../ui/format";
import { useLoaded } from "../../ui/hooks";
import { Note, Waiting } from "../../ui/Notes";
import { RunLink, shortRun } from "../Words";

export function Compare({ run, other, onClose }: { readonly run: string; readonly other: string; readonly onClose: () => void }): JSX.Element {
  const desk = useDesk();
  const [loaded, again] = useLoaded(() => desk.store.ask({ type: "compare_runs", run, other }), [run, other]);
  return (
    <section class="nb-compare" aria-label="Compared with another run">
      <div class="nb-label nb-compare-head">
        <span>
          Compared with <RunLink run={other} />
        </span>
        <span class="nb-push">
          <Button kind="icon" icon="x" label="Close the comparison" onClick={onClose} />
        </span>
      </div>
      <Waiting loaded={loaded} what="the other run" again={again}>
        {(result) => {
          if (result.type !== "comparison") return <Note state="failed">{result.type === "refused" ? result.text : "No comparison came."}</Note>;
          const longest = Math.max(0.001, ...result.steps.flatMap(({ before_s, after_s }) => [before_s ?? 0, after_s ?? 0]));
          return (
            <>
              <div class="nb-scroll" style={{ maxHeight: "280px" }}>
                <table class="nb-t">
                  <thead>
                    <tr>
                      <th>Step</th>
                      <th class="nb-num">{shortRun(result.other)}</th>
                      <th class="nb-num">{shortRun(result.run)}</th>
                      <th>Time, before and now</th>
                      <th>Different</th>
                    </tr>
                  </thead>
                  <tbody>
                    {result.steps.map((step) => (
                      <tr key={step.step}>
                        <td class="nb-mono">{step.step}</td>
                        <td class="nb-num nb-2">{step.before_s === null ? "–" : duration(step.before_s)}</td>
                        <td class="nb-num">{step.after_s === null ? "–" : duration(step.after_s)}</td>
                        <td>
                          <svg width="110" height="14" viewBox="0 0 110 14" aria-hidden="true">
                            <rect x="0" y="1" height="5" width={((step.before_s ?? 0) / longest) * 110} fill="var(--nb-missing-fill)" />
                            <rect x="0" y="8" height="5" width={((step.after_s ?? 0) / longest) * 110} fill="var(--nb-bar)" />
                          </svg>
                        </td>
                        <td class="nb-2">{step.note}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              {result.differences.length > 0 && (
                <table class="nb-t nb-line-top">
                  <tbody>
                    {result.differences.map(([what, before, after]) => (
                      <tr key={what}>
                        <td>{what}</td>
                        <td class="nb-mono nb-2 nb-break">{before}</td>
                        <td class="nb-mono nb-break">{after}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </>
          );
        }}
      </Waiting>
    </section>
  );
}

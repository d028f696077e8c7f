// The fields of a run config. Each writes into the text beside it, and shows what the text says.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Field, Select, Switch, TextField } from "../../ui/Form";
import type { Path, Draft } from "./draft";
import { inlineOf, scalarOf, valueAt } from "./draft";
import type { FormField, FormSection } from "./form";

export function ConfigForm(props: {
  readonly sections: readonly FormSection[];
  readonly draft: Draft;
  readonly problemAt: (path: Path) => string | null;
  readonly onSet: (path: Path, value: unknown) => void;
  readonly onUnset: (path: Path) => void;
}): JSX.Element {
  return (
    <>
      {props.sections.map((section) => {
        const fields = section.fields.map((field) => (
          <FieldRow key={field.path.join(".")} field={field} value={valueAt(props.draft.value, field.path)} problem={props.problemAt(field.path)} onSet={props.onSet} onUnset={props.onUnset} />
        ));
        // What every job has stands folded until something is said of it.
        if (section.part === "logger") {
          const isSaid = valueAt(props.draft.value, section.path) !== undefined || section.fields.some((field) => props.problemAt(field.path) !== null);
          return (
            <details key={section.path.join(".")} class="nb-launch-more" open={isSaid}>
              <summary>
                <span class="nb-mono">{section.title}</span> <span class="nb-2 nb-small">logger</span>
              </summary>
              <div class="nb-form nb-launch-section">{fields}</div>
            </details>
          );
        }
        return (
          <fieldset key={section.path.join(".")} class="nb-form nb-launch-section">
            <legend>
              <span class="nb-mono">{section.title}</span> {section.part !== "op" && <span class="nb-2 nb-small">{section.part}</span>}
            </legend>
            {fields}
          </fieldset>
        );
      })}
    </>
  );
}

interface RowProps {
  readonly field: FormField;
  readonly value: unknown;
  readonly problem: string | null;
  readonly onSet: (path: Path, value: unknown) => void;
  readonly onUnset: (path: Path) => void;
}

function FieldRow({ field, value, problem, onSet, onUnset }: RowProps): JSX.Element {
  const hint = (
    <span title={field.description}>
      {[field.kind === "choice" ? "" : field.hint, field.description].filter((part) => part !== "").join(". ")}
    </span>
  );
  return (
    <Field
      label={field.name}
      hint={hint}
      problem={problem}
      control={({ id, about, isBad }) => {
        if (field.kind === "choice") {
          return (
            <Select
              id={id}
              value={value === undefined ? "" : String(value)}
              options={[
                { value: "", label: field.default === undefined ? "not set" : `default: ${String(field.default)}` },
                ...(value !== undefined && !field.choices.includes(String(value)) ? [{ value: String(value), label: String(value) }] : []),
                ...field.choices.map((choice) => ({ value: choice, label: choice })),
              ]}
              onChange={(next) => (next === "" ? onUnset(field.path) : onSet(field.path, next))}
            />
          );
        }
        if (field.kind === "flag") {
          return (
            <span class="nb-row nb-flag">
              <Switch on={(value ?? field.default) === true} label={field.name} onChange={(on) => onSet(field.path, on)} />
              {value !== undefined && (
                <button type="button" class="nb-link nb-micro" onClick={() => onUnset(field.path)}>
                  Reset
                </button>
              )}
            </span>
          );
        }
        return <Typed id={id} about={about} isBad={isBad} field={field} value={value} onSet={onSet} onUnset={onUnset} />;
      }}
    />
  );
}

/** What is typed stands as it was typed, until the text says something else. */
function Typed(props: Omit<RowProps, "problem"> & { readonly id: string; readonly about: string; readonly isBad: boolean }): JSX.Element {
  const { field, value, onSet, onUnset } = props;
  const shown = inlineOf(value);
  const [typed, setTyped] = useState(shown);
  const read = (text: string): unknown => (field.kind === "text" ? text : scalarOf(text));
  useEffect(() => {
    if (inlineOf(read(typed)) !== shown && !(typed === "" && value === undefined)) setTyped(shown);
  }, [shown]);
  return (
    <TextField
      id={props.id}
      about={props.about}
      isBad={props.isBad}
      isMono
      value={typed}
      placeholder={field.default === undefined || field.default === null ? "" : inlineOf(field.default)}
      onChange={(text) => {
        setTyped(text);
        if (text === "") onUnset(field.path);
        else onSet(field.path, read(text));
      }}
    />
  );
}

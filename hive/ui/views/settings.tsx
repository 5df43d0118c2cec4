// The hive's settings: what each is, where it comes from, and changing it.
import { RotateCcw, Save } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import type { Setting } from "../../../lib/contract/views.ts";
import { toRbeeError } from "../../../lib/errors.ts";
import { Button, IconButton } from "../parts/button.tsx";
import { ErrorNotice, Notice, Waiting } from "../parts/notice.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.settings;

export function Settings() {
  const { data, error, reload } = useQuery("config_list", {});
  const [isStale, setStale] = useState(false);
  const change = (setting: Setting) => {
    if (setting.counts === "restart") setStale(true);
    reload();
  };
  return (
    <section className="panel wide">
      <h2>{words.title}</h2>
      {error && <ErrorNotice error={error} />}
      {!data && !error && <Waiting label={texts.loading} rows={6} />}
      {data && <p className="quiet-text">{words.intro(data.file)}</p>}
      {isStale && <Notice kind="info" title={words.restart} isNews />}
      <ul className="settings">
        {data?.settings.map((setting) => (
          <SettingLine key={setting.key} setting={setting} onChange={change} />
        ))}
      </ul>
    </section>
  );
}

function SettingLine({ setting, onChange }: { setting: Setting; onChange: (setting: Setting) => void }) {
  const client = useClient();
  const { tell } = useToasts();
  const [written, setWritten] = useState<string>();
  const [problem, setProblem] = useState("");
  const id = useId();
  const { key, about, from, fallback, value } = setting;
  const variable = from.startsWith("RBEE_") ? from : undefined;
  const save = async (next: string | undefined) => {
    try {
      const saved = await client.run("config_set", { key, ...(next === undefined ? {} : { value: next }) });
      setProblem("");
      setWritten(undefined);
      tell(words.saved(key));
      onChange(saved);
    } catch (thrown) {
      setProblem(toRbeeError(thrown).message);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (written !== undefined) void save(written);
  };
  return (
    <li>
      <form className="setting" onSubmit={submit}>
        <div className="setting-name">
          <label className="mono" htmlFor={`${id}-value`}>
            {key}
          </label>
          <span className="quiet-text" id={`${id}-about`}>
            {about}
          </span>
        </div>
        <Value
          id={id}
          setting={setting}
          value={written ?? value}
          isFixed={variable !== undefined}
          isWrong={problem !== ""}
          onChange={setWritten}
        />
        <div className="setting-actions">
          <Button
            type="submit"
            icon={<Save aria-hidden className="icon" />}
            aria-label={`${words.save} ${key}`}
            disabled={written === undefined || written === value}
          >
            {words.save}
          </Button>
          <IconButton
            label={words.toDefault(key, fallback)}
            icon={<RotateCcw aria-hidden className="icon" />}
            disabled={from === "default" || variable !== undefined}
            onClick={() => void save(undefined)}
          />
        </div>
        {variable && <p className="quiet-text setting-note">{words.fixed(variable)}</p>}
        {problem && (
          <p className="message-error setting-note" id={`${id}-problem`} role="alert">
            {problem}
          </p>
        )}
      </form>
    </li>
  );
}

interface ValueProps {
  readonly id: string;
  readonly setting: Setting;
  readonly value: string;
  readonly isFixed: boolean;
  readonly isWrong: boolean;
  readonly onChange: (value: string) => void;
}

function Value({ id, setting: { choices, fallback }, value, isFixed, isWrong, onChange }: ValueProps) {
  const described = isWrong ? `${id}-problem ${id}-about` : `${id}-about`;
  const common = { id: `${id}-value`, value, disabled: isFixed, "aria-invalid": isWrong, "aria-describedby": described };
  if (choices)
    return (
      <select {...common} onChange={(event) => onChange(event.target.value)}>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  return (
    <input
      {...common}
      className="mono"
      placeholder={fallback}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

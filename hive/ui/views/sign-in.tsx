// For a browser that has no key: how to get one.
import { type FormEvent, useState } from "react";
import type { RbeeError } from "../../../lib/errors.ts";
import { Button } from "../parts/button.tsx";
import { CopyLine } from "../parts/copy.tsx";
import { Mark } from "../parts/mark.tsx";
import { ErrorNotice } from "../parts/notice.tsx";
import { useSession } from "../session.tsx";
import { texts } from "../texts.ts";

export function SignInView({ error }: { error?: RbeeError | undefined }) {
  const { signIn } = useSession();
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (code.trim() !== "") void signIn(code);
  };
  return (
    <main className="alone">
      <div className="brand">
        <Mark />
        {texts.name}
      </div>
      <h1>{texts.signIn.title}</h1>
      <p>{texts.signIn.body}</p>
      <CopyLine text={texts.signIn.command} label={texts.signIn.body} />
      <p>{texts.signIn.next}</p>
      <form className="row" onSubmit={submit}>
        <label className="field grow">
          <span>{texts.signIn.field}</span>
          <input value={code} onChange={(event) => setCode(event.target.value)} autoComplete="off" spellCheck={false} required />
        </label>
        <Button type="submit" look="main">
          {texts.signIn.submit}
        </Button>
      </form>
      {error && <ErrorNotice error={error} />}
    </main>
  );
}

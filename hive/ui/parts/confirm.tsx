// Asks before something is lost.
import { AlertDialog } from "@base-ui/react/alert-dialog";
import type { ReactElement, ReactNode } from "react";
import { texts } from "../texts.ts";

interface ConfirmProps {
  /** The button that opens the question. */
  readonly trigger: ReactElement<Record<string, unknown>>;
  readonly title: string;
  readonly body: ReactNode;
  readonly action: string;
  readonly onConfirm: () => void;
}

export function Confirm({ trigger, title, body, action, onConfirm }: ConfirmProps) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger render={trigger} />
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="dialog-text confirm-text">{body}</AlertDialog.Description>
          <div className="actions end">
            <AlertDialog.Close className="button plain">{texts.cancel}</AlertDialog.Close>
            <AlertDialog.Close className="button danger" onClick={onConfirm}>
              {action}
            </AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

// Buttons and links that look like them.
import type { ComponentProps, ReactNode } from "react";

interface Look {
  readonly look?: "main" | "plain" | "danger" | "quiet";
  readonly icon?: ReactNode;
}

export function Button({ look = "plain", icon, children, className = "", ...rest }: Look & ComponentProps<"button">) {
  return (
    <button type="button" className={`button ${look} ${className}`} {...rest}>
      {icon}
      {children}
    </button>
  );
}

/** A button of one picture; its name is for those who do not see it, and shown on hover. */
export function IconButton({ label, icon, ...rest }: { label: string; icon: ReactNode } & ComponentProps<"button">) {
  return (
    <button type="button" className="button quiet icon-only" aria-label={label} title={label} {...rest}>
      {icon}
    </button>
  );
}

export function LinkButton({ look = "plain", icon, children, ...rest }: Look & ComponentProps<"a">) {
  return (
    <a className={`button ${look}`} {...rest}>
      {icon}
      {children}
    </a>
  );
}

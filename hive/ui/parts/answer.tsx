// What a model wrote, as Markdown: never as markup of its own, and nothing is loaded from elsewhere.
import Markdown from "markdown-to-jsx";
import { memo, type ReactNode } from "react";
import { texts } from "../texts.ts";

export const AnswerText = memo(function AnswerText({ text }: { text: string }) {
  return (
    <div className="markdown">
      <Markdown options={OPTIONS}>{text}</Markdown>
    </div>
  );
});

const heading = ({ children }: { children?: ReactNode }) => <p className="markdown-heading">{children}</p>;

const OPTIONS = {
  disableParsingRawHTML: true,
  forceBlock: true,
  forceWrapper: true,
  overrides: {
    // A picture would be asked for from somewhere else, and tell that somebody reads this.
    img: ({ alt }: { alt?: string }) => <em>{texts.chat.image(alt ?? "")}</em>,
    a: ({ href, children }: { href?: string; children?: ReactNode }) => (
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    ),
    // The page's outline is the page's; an answer has no headings in it.
    ...Object.fromEntries(["h1", "h2", "h3", "h4", "h5", "h6"].map((level) => [level, heading])),
    pre: ({ children }: { children?: ReactNode }) => (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region, see WCAG 2.1.1
      <pre tabIndex={0} className="markdown-code">
        {children}
      </pre>
    ),
  },
};

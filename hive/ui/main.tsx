// The entry of the page.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { applyScheme } from "./scheme.ts";
import { makeStreamsIterable } from "./streams.ts";

makeStreamsIterable();
applyScheme();
createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

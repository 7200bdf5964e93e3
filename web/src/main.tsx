// The console: starts, asks who is there, and shows the screens or the sign-in page.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/screens.css";
import "./styles/events.css";
import "./styles/pages.css";
import "./styles/narrow.css";
import { Root } from "./app.tsx";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
}

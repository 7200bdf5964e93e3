// Above the table: how much is loaded, columns, grouping, saved searches, export, links.
import { useState } from "react";
import { COLUMNS, formatAddress, parseSaved } from "../../lib/address.ts";
import { ApiError, api, exportAddress } from "../../lib/api.ts";
import { asOneQuery, questionText, useApp } from "../../lib/app.ts";
import { count } from "../../lib/format.ts";
import { useShortcuts } from "../../lib/keyboard.ts";
import { iso } from "../../lib/time.ts";
import { useQuery } from "../../lib/use-query.ts";
import { CopyMenu, screenCopies } from "../../parts/copies.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Menu } from "../../parts/menu.tsx";
import { COLUMN_NAMES, type Density } from "./table.tsx";

interface ToolbarProps {
  loaded: number;
  total: number;
  showFacets: () => void;
  density: Density;
  setDensity: (density: Density) => void;
}

export function Toolbar({ loaded, total, showFacets, density, setDensity }: ToolbarProps) {
  const [columns, setColumns] = useState(0);
  useShortcuts([{ keys: "c", meaning: "Columns and height of rows", run: () => setColumns(value => value + 1) }]);
  return (
    <div className="toolbar">
      <button type="button" className="button facets-button" onClick={showFacets}>
        <Icon name="filter" /> Filters
      </button>
      <span className="faint toolbar-count">{loaded < total ? `${count(loaded)} of ${count(total)} loaded` : ""}</span>
      <div className="toolbar-right">
        <GroupMenu />
        <ColumnMenu signal={columns} density={density} setDensity={setDensity} />
        <SavedMenu />
        <ExportMenu />
        <LinkMenu />
      </div>
    </div>
  );
}

function GroupMenu() {
  const { address, go } = useApp();
  const choices = [
    ["", "Not grouped"],
    ["actor", "By actor"],
    ["minute", "By minute"],
  ] as const;
  return (
    <Menu
      className="quiet"
      align="right"
      label={
        <>
          <Icon name="events" />{" "}
          <span>{address.group ? choices.find(([key]) => key === address.group)?.[1] : "Group"}</span>
        </>
      }
      name="Group rows"
    >
      {close => (
        <div className="menu-list">
          {choices.map(([key, name]) => (
            <button
              key={key}
              type="button"
              aria-pressed={address.group === key}
              onClick={() => {
                go({ group: key });
                close();
              }}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </Menu>
  );
}

const DENSITIES: [Density, string][] = [
  ["comfortable", "Comfortable"],
  ["compact", "Compact"],
];

function ColumnMenu(props: { signal: number; density: Density; setDensity: (density: Density) => void }) {
  const { signal, density, setDensity } = props;
  const { address, go, fields } = useApp();
  const [text, setText] = useState("");
  const known = ["message", "anthropic.audit.actor.name", "from", "event.outcome", ...fields.map(field => field.name)];
  const rest = [...new Set(known)].filter(
    name =>
      !address.columns.includes(name) &&
      `${name} ${COLUMN_NAMES[name] ?? ""}`.toLowerCase().includes(text.toLowerCase()),
  );
  const row = (name: string, chosen: boolean) => (
    <label key={name} className="tick">
      <input
        type="checkbox"
        checked={chosen}
        onChange={() =>
          go({ columns: chosen ? address.columns.filter(each => each !== name) : [...address.columns, name] })
        }
      />
      {COLUMN_NAMES[name] ?? <span className="mono">{name}</span>}
    </label>
  );
  return (
    <Menu
      className="quiet"
      align="right"
      signal={signal}
      name="Columns"
      label={
        <>
          <Icon name="columns" /> <span>Columns</span>
        </>
      }
    >
      {() => (
        <div className="column-menu">
          <fieldset className="choice">
            <legend>Rows</legend>
            {DENSITIES.map(([key, name]) => (
              <button key={key} type="button" aria-pressed={density === key} onClick={() => setDensity(key)}>
                {name}
              </button>
            ))}
          </fieldset>
          <input
            data-first
            value={text}
            placeholder="Find a field"
            aria-label="Find a field"
            onChange={event => setText(event.target.value)}
          />
          {address.columns.map(name => row(name, true))}
          <hr />
          {rest.slice(0, 60).map(name => row(name, false))}
          <button type="button" className="link" onClick={() => go({ columns: COLUMNS })}>
            Back to the usual columns
          </button>
        </div>
      )}
    </Menu>
  );
}

function SavedMenu() {
  return (
    <Menu
      className="quiet"
      align="right"
      name="Saved searches"
      label={
        <>
          <Icon name="save" /> <span>Saved</span>
        </>
      }
    >
      {close => <SavedList close={close} />}
    </Menu>
  );
}

function SavedList({ close }: { close: () => void }) {
  const { address, go, say } = useApp();
  const { data, reload, error } = useQuery("saved", signal => api.savedSearches(signal));
  const [name, setName] = useState("");
  const act = async (what: Promise<unknown>, done: string) => {
    try {
      await what;
      say(done);
      reload();
    } catch (problem) {
      say(problem instanceof ApiError ? problem.message : String(problem));
    }
  };
  return (
    <div className="menu-list saved">
      <form
        onSubmit={event => {
          event.preventDefault();
          if (!name.trim()) return;
          void act(
            api.saveSearch(name.trim(), formatAddress({ ...address, event: "", tab: "" })),
            `Saved “${name.trim()}”`,
          );
          setName("");
        }}
      >
        <input
          data-first
          value={name}
          placeholder="Name this search"
          aria-label="Name of the search"
          onChange={event => setName(event.target.value)}
        />
        <button type="submit" className="button primary" disabled={!name.trim()}>
          Save
        </button>
      </form>
      {error && <p className="failure">{error.message}</p>}
      {data?.length === 0 && (
        <p className="faint">Nothing saved yet. A saved search keeps query, filters, time and columns.</p>
      )}
      {data?.map(search => (
        <div key={search.id} className="saved-row">
          <button
            type="button"
            onClick={() => {
              close();
              go(parseSaved(search.state));
            }}
          >
            {search.name} <span className="faint">{search.owner}</span>
          </button>
          <button
            type="button"
            className="quiet"
            aria-label={`Delete ${search.name}`}
            onClick={() => act(api.deleteSearch(search.id), `Deleted “${search.name}”`)}
          >
            <Icon name="close" size={11} />
          </button>
        </div>
      ))}
    </div>
  );
}

const EXPORTS: [string, string, string][] = [
  ["ndjson", "ecs", "ECS documents, NDJSON"],
  ["csv", "ecs", "Table, CSV"],
  ["ndjson", "raw", "Exact bytes as received, NDJSON"],
  ["ndjson", "ocsf", "OCSF, NDJSON"],
];

function ExportMenu() {
  const app = useApp();
  return (
    <Menu
      className="quiet"
      align="right"
      name="Export"
      label={
        <>
          <Icon name="export" /> <span>Export</span>
        </>
      }
    >
      {close => (
        <div className="menu-list">
          <p className="menu-head">All events of this question</p>
          {EXPORTS.map(([format, schema, name]) => (
            <a key={name} download href={exportAddress({ ...questionText(app), format, schema })} onClick={close}>
              {name}
            </a>
          ))}
          <p className="menu-foot faint">Every export stands in the access log.</p>
        </div>
      )}
    </Menu>
  );
}

function LinkMenu() {
  const app = useApp();
  const query = asOneQuery(app).replaceAll("'", "'\\''");
  const command = `claudetrail search '${query}' --from ${iso(app.span.from)} --to ${iso(app.span.to)}`;
  return (
    <CopyMenu
      name="Copy"
      label={
        <>
          <Icon name="link" /> <span>Copy</span>
        </>
      }
      copies={[...screenCopies(app), { name: "Command", text: command, what: "the command" }]}
    />
  );
}

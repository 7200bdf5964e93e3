// A name with its value, and a last error with what to do about it.
import type { LastError } from "../../lib/types.ts";
import { Icon } from "../../parts/icons.tsx";

export function Fact({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-bad={bad}>{value}</dd>
    </div>
  );
}

export function Failure({ error }: { error: LastError }) {
  return (
    <div className="problem">
      <Icon name="warning" />
      <div>
        <p>
          Last error: {error.message} {error.request_id && <span className="mono faint">{error.request_id}</span>}
        </p>
        {error.hint && <p className="soft">{error.hint}</p>}
      </div>
    </div>
  );
}

// Data for a screen: asked for when its key changes, cancelled when it is no longer wanted, and kept (dimmed) while the next
// answer is on its way, so that nothing on the screen is ever blanked.
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "./api.ts";

export interface Query<T> {
  data: T | undefined;
  error: ApiError | undefined;
  /** An answer is on its way. */
  loading: boolean;
  /** `data` answers an earlier question. */
  stale: boolean;
  reload: () => void;
}

/** `key` stands for the question; `undefined` asks nothing. */
export function useQuery<T>(key: string | undefined, ask: (signal: AbortSignal) => Promise<T>): Query<T> {
  const [state, setState] = useState<{
    key?: string | undefined;
    data?: T | undefined;
    error?: ApiError | undefined;
    loading: boolean;
  }>({
    loading: key !== undefined,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the turn asks the same question once more
  useEffect(() => {
    if (key === undefined) {
      setState({ loading: false });
      return;
    }
    const abort = new AbortController();
    setState(before => ({ ...before, loading: true }));
    latest
      .current(abort.signal)
      .then(data => {
        if (!abort.signal.aborted) setState({ key, data, loading: false });
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, "internal", String(error), "reload the page");
        setState(before => ({ ...before, key, error: known, loading: false }));
      });
    return () => abort.abort();
  }, [key, turn]);
  const reload = useCallback(() => setTurn(value => value + 1), []);
  return {
    data: state.data,
    error: state.key === key ? state.error : undefined,
    loading: state.loading,
    stale: state.data !== undefined && state.key !== key,
    reload,
  };
}

// A small picture of counts over time, for a row of a table. Decoration: the numbers stand beside it.
export function Spark({ counts, width = 96, height = 20 }: { counts: number[]; width?: number; height?: number }) {
  const most = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length);
  return (
    <svg className="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {counts.map((value, index) => {
        const tall = value === 0 ? 0 : Math.max(1.5, (value / most) * height);
        return (
          <rect
            key={index}
            x={index * step}
            y={height - tall}
            width={Math.max(0.5, step - 0.8)}
            height={tall}
            rx={0.5}
          />
        );
      })}
    </svg>
  );
}

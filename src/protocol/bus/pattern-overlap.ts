/**
 * Says whether some topic matches both patterns: the question that a broadcast on a pattern asks of every subscription.
 * Both are walked together from the end; cell (i, j) says whether the rest of `left` from i and of `right` from j can meet.
 * A `**` either stands for nothing more, or takes one element of the other side. At most 33 x 33 cells.
 */
export function patternsOverlap(left: readonly string[], right: readonly string[]): boolean {
  let below = new Uint8Array(right.length + 1);
  let row = new Uint8Array(right.length + 1);
  for (let leftAt = left.length; leftAt >= 0; leftAt -= 1) {
    const leftSegment = left[leftAt];
    for (let rightAt = right.length; rightAt >= 0; rightAt -= 1) {
      const rightSegment = right[rightAt];
      const skipsLeft = leftSegment !== undefined && below[rightAt] === 1;
      const skipsRight = rightSegment !== undefined && row[rightAt + 1] === 1;
      const takesBoth = segmentsMeet(leftSegment, rightSegment) && below[rightAt + 1] === 1;
      const atEnd = leftSegment === undefined && rightSegment === undefined;
      const anyDouble = leftSegment === '**' || rightSegment === '**';
      row[rightAt] = atEnd || (anyDouble ? skipsLeft || skipsRight : takesBoth) ? 1 : 0;
    }
    [below, row] = [row, below];
  }
  return below[0] === 1;
}

function segmentsMeet(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return left === right || left === '*' || right === '*';
}

/** A list on a screen: which row is selected, and which one is at the top. */

export class List {
  selected = 0;
  top = 0;

  /** Moves the selection by so many rows, within `count`; the window of `rows` rows follows. */
  move(by: number, count: number, rows: number): void {
    this.select(this.selected + by, count, rows);
  }

  select(index: number, count: number, rows: number): void {
    this.selected = Math.max(0, Math.min(index, count - 1));
    this.top = Math.max(0, Math.min(this.top, count - rows));
    if (this.selected < this.top) this.top = this.selected;
    else if (this.selected >= this.top + rows) this.top = Math.max(0, this.selected - rows + 1);
  }

  /** Moves the window itself, for text without a selection. */
  scroll(by: number, count: number, rows: number): void {
    this.top = Math.max(0, Math.min(this.top + by, count - rows));
  }
}

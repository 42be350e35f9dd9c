/* oxlint-disable no-control-regex -- control characters are what this file looks for */

/** Names, check outputs and the like: no control character of theirs may steer the terminal or break a table. */
export const printable = (value: string | number | undefined): string =>
  value === undefined
    ? ''
    : String(value)
        .replaceAll(/[\n\t]/g, ' ')
        .replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '\uFFFD')

const colour = /\u001B\[[0-9;]{0,32}m/
const sequences = new RegExp(
  [
    colour.source,
    // Cursor movements and the like (CSI), titles and links (OSC), what else starts with ESC, other controls except the tab.
    /\u001B\[[0-9;?]*[@-~]/.source,
    /\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)?/.source,
    /\u001B[^[\]]?/.source,
    /[\u0000-\u0008\u000A-\u001A\u001C-\u001F\u007F-\u009F]/.source,
  ].join('|'),
  'g',
)
/** Log lines: an app's colours stay, anything that could move the cursor or retitle the window goes. */
export const withColoursOnly = (text: string): string =>
  text.replaceAll(sequences, (found) => (colour.test(found) && found.endsWith('m') ? found : ''))

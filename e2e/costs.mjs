// What the requests of users cost: calls, approvals, and bytes of arguments and answers. asked are the approvals so far.
import assert from "node:assert/strict";

export function costs(t, asked = []) {
  const rows = [];
  return {
    // request runs what a user asks for; most are the calls and the bytes of answers that it may take.
    async request(client, name, { calls, bytes = Infinity }, run) {
      const row = { name, calls: 0, given: 0, answered: 0, approved: 0 };
      const before = asked.length;
      const call = async (tool, args = {}) => {
        const result = await client.callTool({ name: tool, arguments: args });
        row.calls += 1;
        row.given += JSON.stringify(args).length;
        row.answered += JSON.stringify(result).length;
        assert.ok(!result.isError, `${tool}: ${result.content[0].text}`);
        return JSON.parse(result.content[0].text);
      };
      await t.test(name, async () => {
        await run(call);
        row.approved = asked.length - before;
        assert.ok(row.calls <= calls, `${row.calls} calls`);
        assert.ok(row.answered <= bytes, `${row.answered} bytes of answers`);
        rows.push(row);
      });
    },

    // report prints the table, and returns the bytes of all answers.
    report() {
      const width = Math.max(...rows.map(({ name }) => name.length));
      t.diagnostic(`${"".padEnd(width)}  calls  approvals  arguments  answers`);
      for (const { name, calls, approved, given, answered } of rows) {
        t.diagnostic(`${name.padEnd(width)}  ${String(calls).padStart(5)}  ${String(approved).padStart(9)}  ${String(given).padStart(7)} B  ${(answered / 1000).toFixed(1).padStart(4)} kB`);
      }
      return rows.reduce((sum, row) => sum + row.answered, 0);
    },
  };
}

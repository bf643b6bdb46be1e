/** Runs templates through the real `text/template`, for tests that compare. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFD_FUNCS_GO } from './go-funcs-test-support.ts';

export interface GoCase {
  readonly text: string;
  /** JSON; `{"$int":"5"}`, `{"$strings":[…]}`, `{"$ints":[…]}`, `{"$pair":["key","value"]}` and `{"$pairs":[…]}` make Go's types. */
  readonly data?: unknown;
}

export interface GoResult {
  /** What was written, up to the error where there was one. */
  readonly out: string;
  readonly error: string;
}

const MAIN = `package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/template"
)

type job struct {
	Text string
	Data interface{}
}

type result struct {
	Out   string
	Error string
}

func build(v interface{}) interface{} {
	switch t := v.(type) {
	case map[string]interface{}:
		if s, ok := t["$int"]; ok {
			n, _ := strconv.Atoi(s.(string))
			return n
		}
		if l, ok := t["$strings"]; ok {
			out := []string{}
			for _, s := range l.([]interface{}) {
				out = append(out, s.(string))
			}
			return out[:len(out):len(out)]
		}
		if l, ok := t["$ints"]; ok {
			out := []int{}
			for _, s := range l.([]interface{}) {
				out = append(out, int(s.(float64)))
			}
			return out
		}
		if l, ok := t["$pair"]; ok {
			return toPair(l)
		}
		if l, ok := t["$pairs"]; ok {
			out := KVPairs{}
			for _, p := range l.([]interface{}) {
				out = append(out, toPair(p))
			}
			return out
		}
		for k := range t {
			t[k] = build(t[k])
		}
		return t
	case []interface{}:
		for i := range t {
			t[i] = build(t[i])
		}
		return t
	}
	return v
}

func toPair(v interface{}) KVPair {
	l := v.([]interface{})
	return KVPair{l[0].(string), l[1].(string)}
}

func run(j job) (r result) {
	t, err := template.New("t").Funcs(funcs).Parse(j.Text)
	if err != nil {
		return result{"", err.Error()}
	}
	var b strings.Builder
	err = t.Execute(&b, build(j.Data))
	r.Out = base64.StdEncoding.EncodeToString([]byte(b.String()))
	if err != nil {
		r.Error = err.Error()
	}
	return
}

func main() {
	in := bufio.NewReader(os.Stdin)
	d := json.NewDecoder(in)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for d.More() {
		var j job
		if err := d.Decode(&j); err != nil {
			panic(err)
		}
		b, _ := json.Marshal(run(j))
		fmt.Fprintln(out, string(b))
	}
}
`;

/** Why Go cannot be asked here; undefined where it can. */
export function goMissing(): string | undefined {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs the Go compiler';
  }
}

/** A program that has been built, until `close`. */
export class GoOracle {
  readonly #folder = mkdtempSync(join(tmpdir(), 'catbird-go-'));

  constructor() {
    writeFileSync(join(this.#folder, 'main.go'), MAIN);
    writeFileSync(join(this.#folder, 'funcs.go'), CONFD_FUNCS_GO);
    writeFileSync(join(this.#folder, 'go.mod'), 'module oracle\n\ngo 1.18\n');
    execFileSync('go', ['build', '-o', 'oracle', '.'], {
      cwd: this.#folder,
      env: {
        ...process.env,
        GOFLAGS: '-mod=mod',
        GOPROXY: 'off',
        GOCACHE: join(this.#folder, 'cache'),
        CGO_ENABLED: '0',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  run(cases: readonly GoCase[]): GoResult[] {
    const input = cases.map(({ text, data = null }) => JSON.stringify({ Text: text, Data: data })).join('\n');
    const output = execFileSync(join(this.#folder, 'oracle'), {
      input,
      maxBuffer: 1 << 28,
      env: { TZ: 'UTC' },
    });
    return output
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { Out, Error: error } = JSON.parse(line) as { Out: string; Error: string };
        return { out: Buffer.from(Out, 'base64').toString('latin1'), error };
      });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

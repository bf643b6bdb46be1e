/** Functions of Go's standard library under the names that confd gives them, for the program that tests compare with. */
export const CONFD_FUNCS_GO = `package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// As the library of confd's store declares them.
type KVPair struct {
	Key   string
	Value string
}

type KVPairs []KVPair

var funcs = template.FuncMap{
	"base":       path.Base,
	"dir":        path.Dir,
	"split":      strings.Split,
	"join":       strings.Join,
	"toUpper":    strings.ToUpper,
	"toLower":    strings.ToLower,
	"contains":   strings.Contains,
	"replace":    strings.Replace,
	"trimSuffix": strings.TrimSuffix,
	"hasSuffix":  strings.HasSuffix,
	"parseBool":  strconv.ParseBool,
	"atoi":       strconv.Atoi,
	"add":        func(a, b int) int { return a + b },
	"sub":        func(a, b int) int { return a - b },
	"mul":        func(a, b int) int { return a * b },
	"div":        func(a, b int) int { return a / b },
	"mod":        func(a, b int) int { return a % b },
	"base64Encode": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(s))
	},
	"base64Decode": func(s string) (string, error) {
		b, err := base64.StdEncoding.DecodeString(s)
		return string(b), err
	},
	"json": func(s string) (m map[string]interface{}, err error) {
		err = json.Unmarshal([]byte(s), &m)
		return
	},
	"jsonArray": func(s string) (l []interface{}, err error) {
		err = json.Unmarshal([]byte(s), &l)
		return
	},
	"seq": func(from, to int) (l []int) {
		for ; from <= to; from++ {
			l = append(l, from)
		}
		return
	},
	"map": func(list ...interface{}) (map[string]interface{}, error) {
		m := map[string]interface{}{}
		if len(list)%2 != 0 {
			return nil, errors.New("invalid map call")
		}
		for ; len(list) > 1; list = list[2:] {
			key, ok := list[0].(string)
			if !ok {
				return nil, errors.New("map keys must be strings")
			}
			m[key] = list[1]
		}
		return m, nil
	},
	// A fixed moment instead of now, in UTC.
	"moment": func(seconds int) time.Time { return time.Unix(int64(seconds), 123456789).UTC() },
	"match":  func(pattern, name string) (bool, error) { return path.Match(pattern, name) },
}
`;

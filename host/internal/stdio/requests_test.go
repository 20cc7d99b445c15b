package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func TestIDsComeBackAsSent(t *testing.T) {
	ids := []string{
		`1`, `0`, `-7`, `-0`, `1.0`, `2.5`, `1e400`, `9007199254740993`, `123456789012345678901234567890`,
		`""`, `"a"`, `"\u0061"`, `"1"`, `"é\n\"\\ü"`, `"日本"`, "\"\u2028\"",
	}
	s := connect(t, Config{Class: byMethod})
	for _, id := range ids {
		for _, method := range []string{"ping", "tools/call"} {
			s.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{"a":[1, 2]}}`)
			s.wantNext(resultLine(id, `{"a":[1, 2]}`))
		}
	}
	s.wantEnd()
}

func TestHandlerSeesACanonicalMessage(t *testing.T) {
	tests := []struct{ name, line, message, params string }{
		{"plain", `{"jsonrpc":"2.0","id":"x","method":"m","params":{"a":1}}`,
			`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}`, `{"a":1}`},
		{"no params", `{"id":5,"method":"m","jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","id":1,"method":"m"}`, ``},
		{"null params", `{"id":5,"method":"m","jsonrpc":"2.0","params":null}`, `{"jsonrpc":"2.0","id":1,"method":"m"}`, ``},
		{"white space", " \t{ \"jsonrpc\" : \"2.0\" , \"id\" : 1.5 , \"method\" : \"m\" , \"params\" : { \"a\" : { } } } \r",
			`{"jsonrpc":"2.0","id":1,"method":"m","params":{ "a" : { } }}`, `{ "a" : { } }`},
		{"escaped names", `{"jsonrpc":"2\u002e0","\u0069d":1,"m\u0065thod":"\u006d"}`,
			`{"jsonrpc":"2.0","id":1,"method":"\u006d"}`, ``},
		{"unknown members go", `{"jsonrpc":"2.0","id":1,"method":"m","Params":{"x":1},"Result":1,"more":[{"}":"]"}]}`,
			`{"jsonrpc":"2.0","id":1,"method":"m"}`, ``},
		{"a notification", `{"jsonrpc":"2.0","method":"m","params":{}}`, `{"jsonrpc":"2.0","method":"m","params":{}}`, `{}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(chan Request, 1)
			s := connect(t, Config{Handle: func(ctx context.Context, r Request) []byte {
				seen <- r
				return echo(ctx, r)
			}})
			s.send(tt.line)
			got := <-seen
			if string(got.Message) != tt.message || string(got.Params) != tt.params || got.Method != "m" {
				t.Errorf("got %s, params %q, method %q; want %s, params %q", got.Message, got.Params, got.Method, tt.message,
					tt.params)
			}
			if want := !strings.Contains(tt.message, `"id"`); got.Notification != want || (got.ID == 0) != want {
				t.Errorf("Notification is %v with ID %d", got.Notification, got.ID)
			}
			if _, err := s.end(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHandlerIDsIncrease(t *testing.T) {
	var ids []int64
	s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
		ids = append(ids, r.ID)
		return echo(ctx, r)
	}})
	for range 3 {
		s.send(`{"jsonrpc":"2.0","id":"same","method":"ping"}`)
		s.next()
	}
	s.wantEnd()
	if !slices.Equal(ids, []int64{1, 2, 3}) {
		t.Errorf("got ids %v", ids)
	}
}

func TestRefusedLines(t *testing.T) {
	const (
		parse    = -32700
		invalid  = -32600
		inParams = -32602
	)
	deep := strings.Repeat(`[`, 200_000)
	tests := []struct {
		name, line string
		id         string // of the reply; "" for no reply
		code       int
		says       string
	}{
		{"not JSON", `{"jsonrpc"`, `null`, parse, "not valid JSON"},
		{"text", `hello`, `null`, parse, "at byte 1"},
		{"two messages in a line", `{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}`,
			`null`, parse, "not valid JSON"},
		{"not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", `null`, parse, "UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", `null`, parse, "UTF-8"},
		{"nested too deep", `{"jsonrpc":"2.0","id":1,"method":"ping","params":` + deep + strings.ReplaceAll(deep, "[", "]") +
			`}`, `null`, parse, "not valid JSON"},
		{"a byte order mark on a later line", "\uFEFF{}", `null`, parse, "not valid JSON"},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, `null`, invalid, "batches"},
		{"empty batch", `[]`, `null`, invalid, "batches"},
		{"a string", `"ping"`, `null`, invalid, "object"},
		{"null", `null`, `null`, invalid, "object"},
		{"empty object", `{}`, `null`, invalid, `"jsonrpc"`},
		{"no version", `{"id":1,"method":"ping"}`, `1`, invalid, `"jsonrpc"`},
		{"wrong version", `{"jsonrpc":"1.0","id":"v","method":"ping"}`, `"v"`, invalid, `"jsonrpc"`},
		{"version as a number", `{"jsonrpc":2.0,"id":"v","method":"ping"}`, `"v"`, invalid, `"jsonrpc"`},
		{"no method", `{"jsonrpc":"2.0","id":1}`, `1`, invalid, `"method"`},
		{"method not a string", `{"jsonrpc":"2.0","id":1,"method":{"result":1}}`, `1`, invalid, `"method"`},
		{"method and result", `{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`, `1`, invalid, `"result"`},
		{"id null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, `null`, invalid, `"id"`},
		{"id an object", `{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}`, `null`, invalid, `"id"`},
		{"id true", `{"jsonrpc":"2.0","id":true,"method":"ping"}`, `null`, invalid, `"id"`},
		{"two ids", `{"jsonrpc":"2.0","id":1,"method":"ping","id":2}`, `null`, invalid, `"id" occurs twice`},
		{"two ids and two methods", `{"jsonrpc":"2.0","id":1,"method":"ping","id":2,"method":"x"}`, `null`, invalid,
			`"id" occurs twice`},
		{"two ids, one escaped", `{"jsonrpc":"2.0","id":1,"method":"ping","\u0069\u0064":2}`, `null`, invalid,
			`"id" occurs twice`},
		{"two methods", `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}`, `1`, invalid,
			`"method" occurs twice`},
		{"two params", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}`, `1`, invalid,
			`"params" occurs twice`},
		{"params an array", `{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}`, `1`, inParams, `"params"`},
		{"params a string", `{"jsonrpc":"2.0","id":1,"method":"ping","params":"p"}`, `1`, inParams, `"params"`},
		{"params an array in a notification", `{"jsonrpc":"2.0","method":"n","params":[1]}`, ``, 0, ""},
		{"blank", ``, ``, 0, ""},
		{"white space", " \t \r", ``, 0, ""},
		{"a response", `{"jsonrpc":"2.0","id":1,"result":{}}`, ``, 0, ""},
		{"an error response of another version", `{"id":null,"error":{}}`, ``, 0, ""},
		{"a response with two ids", `{"jsonrpc":"2.0","id":1,"result":{},"id":2}`, ``, 0, ""},
		{"a notification", `{"jsonrpc":"2.0","method":"n"}`, ``, 0, ""},
	}
	s := connect(t, Config{Class: byMethod})
	s.wantSilence() // the first line is past
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			s.send(tt.line)
			if tt.id != "" {
				wantError(t, s.next(), tt.id, tt.code, tt.says)
			}
			s.wantSilence()
		})
	}
	s.t = t
	s.wantEnd()
}

func wantError(t *testing.T, line, id string, code int, says string) {
	t.Helper()
	var got struct {
		ID    json.RawMessage `json:"id"`
		Error struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal(err)
	}
	if string(got.ID) != id && (id != "null" || got.ID != nil) || got.Error.Code != code ||
		!strings.Contains(got.Error.Message, says) {
		t.Errorf("got %s; want id %s, code %d, message with %q", line, id, code, says)
	}
}

func TestIDInFlightIsRefusedAndReusable(t *testing.T) {
	g := newGate()
	s := connect(t, Config{Handle: g.handle, Class: byMethod})
	for range 2 {
		s.send(callLine(`"dup"`))
		<-g.started
		s.send(`{"jsonrpc":"2.0","id":"\u0064up","method":"ping"}`, callLine(`"dup"`))
		for _, id := range []string{`"\u0064up"`, `"dup"`} {
			line := s.next()
			wantError(t, line, id, -32600, "in flight")
			if !strings.HasPrefix(line, `{"jsonrpc":"2.0","id":`+id+`,`) {
				t.Errorf("the id is not as sent: %s", line)
			}
		}
		g.released <- struct{}{}
		s.wantNext(resultLine(`"dup"`, `"released"`))
	}
	s.wantEnd()
}

func TestHandlerResponses(t *testing.T) {
	const failed = `{"code":-32603,"message":"the server failed to handle the request"}`
	tests := []struct{ name, response, want string }{
		{"result", `{"jsonrpc":"2.0","id":1,"result":{"a":1}}`, `"result":{"a":1}`},
		{"null result", `{"jsonrpc":"2.0","id":1,"result":null}`, `"result":null`},
		{"error", `{"id":1,"error":{"code":5,"message":"m"}}`, `"error":{"code":5,"message":"m"}`},
		{"error of unknown id", `{"id":null,"error":{"code":5,"message":"m"}}`, `"error":{"code":5,"message":"m"}`},
		{"indented", "{\n \"id\": 1,\r\n \"result\": {\n  \"a\": \"b c\"\n }\n}\n", `"result":{"a":"b c"}`},
		{"line separators", "{\"id\":1,\"result\":\"a\u2028b\u2029\"}", `"result":"a\u2028b\u2029"`},
		{"not UTF-8", "{\"id\":1,\"result\":\"a\xffb\"}", "\"result\":\"a\uFFFDb\""},
		{"more members", `{"id":1,"result":1,"x":{"id":2}}`, `"result":1`},
		{"nothing", ``, `"error":` + failed},
		{"not JSON", `{"id":1,"result":`, `"error":` + failed},
		{"two documents", `{"id":1,"result":1}{"id":1,"result":2}`, `"error":` + failed},
		{"array", `[]`, `"error":` + failed},
		{"no id", `{"result":1}`, `"error":` + failed},
		{"another id", `{"id":2,"result":1}`, `"error":` + failed},
		{"two ids", `{"id":2,"id":1,"result":1}`, `"error":` + failed},
		{"both", `{"id":1,"result":1,"error":{"code":1,"message":"m"}}`, `"error":` + failed},
		{"neither", `{"id":1}`, `"error":` + failed},
		{"a request", `{"id":1,"method":"m","result":1}`, `"error":` + failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := connect(t, Config{Handle: func(context.Context, Request) []byte { return []byte(tt.response) }})
			s.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call"}`)
			s.wantNext(`{"jsonrpc":"2.0","id":"c",` + tt.want + `}`)
			s.wantEnd()
		})
	}
}

type panicValue string

func TestPanicsAreAnsweredAndLoggedWithoutPayload(t *testing.T) {
	const secret = "hunter2"
	var log bytes.Buffer
	s := connect(t, Config{
		Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Handle: func(ctx context.Context, r Request) []byte {
			switch r.Method {
			case "tools/call", "panics", "notification":
				panic(panicValue(r.Params))
			case "index":
				_ = r.Message[len(r.Message)+len(r.Params):][:1]
			case "exits":
				runtime.Goexit()
			}
			return echo(ctx, r)
		},
		Class: func(r Request) (Class, any) {
			if r.Method == "classpanics" {
				panic(string(r.Params))
			}
			if r.Method == "exits" {
				return Reads, nil
			}
			return byMethod(r)
		},
	})
	for _, method := range []string{"tools/call", "panics", "index", "exits", "classpanics"} {
		s.send(`{"jsonrpc":"2.0","id":"` + method + `","method":"` + method + `","params":{"p":"` + secret + `"}}`)
		wantError(t, s.next(), `"`+method+`"`, -32603, "failed to handle")
	}
	s.send(`{"jsonrpc":"2.0","method":"notification","params":{"p":"` + secret + `"}}`)
	s.wantSilence()
	s.wantEnd()
	text := log.String()
	if strings.Contains(text, secret) {
		t.Errorf("the log has the payload: %s", text)
	}
	for _, want := range []string{"stdio.panicValue", "requests_test.go", "slice bounds out of range",
		`"method":"classpanics"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s: %s", want, text)
		}
	}
}

func TestNotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		var conn *Conn
		s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
			if r.Method == "notifications/initialized" {
				conn = FromContext(ctx)
				if Notify(ctx, "x", nil) == nil {
					t.Error("Notify for a notification gave no error")
				}
			}
			if r.Method != "tools/call" {
				return echo(ctx, r)
			}
			for i := range 3 {
				if err := Notify(ctx, "notifications/progress", map[string]any{"progress": i, "message": "<&>\u2028"}); err != nil {
					t.Error(err)
				}
			}
			if Notify(ctx, "notifications/progress", make(chan int)) == nil {
				t.Error("params that JSON can't hold gave no error")
			}
			go func() {
				<-late
				if err := Notify(ctx, "notifications/progress", nil); err != nil {
					t.Errorf("after the reply: %v", err)
				}
			}()
			return echo(ctx, r)
		}})
		s.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`, callLine("1"))
		for i := range 3 {
			s.wantNext(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"message":"<&>\u2028",`+
				`"progress":%d}}`, i))
		}
		s.wantNext(resultLine("1", `{"name":"t"}`))
		close(late)
		synctest.Wait()
		s.wantSilence()

		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := conn.Notify("notifications/message", json.RawMessage("{\n\"level\":\"info\"}")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for range 50 {
			s.wantNext(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}`)
		}
		s.wantEnd()
		if err := conn.Notify("notifications/message", nil); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v, want ErrClosed", err)
		}
	})
	if FromContext(t.Context()) != nil || Notify(t.Context(), "x", nil) == nil {
		t.Error("a context that is no handler's was taken for one")
	}
}

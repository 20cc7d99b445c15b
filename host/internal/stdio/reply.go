package stdio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// responseLine turns a handler's response to the request id into the line for the client, whose own id it gets. It is
// built anew from the members, so that whatever the handler returned, the line is one JSON-RPC response.
func responseLine(response []byte, id int64, clientID []byte) ([]byte, error) {
	response = bytes.TrimSpace(response)
	if !jsondoc.Valid(response) || response[0] != '{' {
		return nil, errors.New("the response is not a JSON object")
	}
	e := scanEnvelope(response)
	name, value := "result", e.result
	if e.fault != nil {
		name, value = "error", e.fault
	}
	switch {
	case e.duplicate != "":
		return nil, fmt.Errorf("the response has %q twice", e.duplicate)
	case e.method != nil || (e.result == nil) == (e.fault == nil):
		return nil, errors.New("the response must have either a result or an error")
	case string(e.id) == strconv.FormatInt(id, 10):
	case e.fault != nil && (e.id == nil || isNull(e.id)):
		// A handler that failed before it had read the id answers so; which request it was about is known here.
	default:
		return nil, errors.New("the response carries another request's id")
	}
	value = oneLine(value)
	line := make([]byte, 0, len(`{"jsonrpc":"2.0","id":,"result":}`)+len(clientID)+len(value)+1)
	line = append(append(line, `{"jsonrpc":"2.0","id":`...), clientID...)
	line = append(append(append(line, `,"`...), name...), `":`...)
	return append(append(line, value...), "}\n"...), nil
}

// oneLine returns a JSON value that can stand in a line: UTF-8, without any of the line breaks that clients split at.
// U+2028 and U+2029 are plain characters in JSON, but Node's readline and Python's splitlines break lines at them.
func oneLine(value []byte) []byte {
	if bytes.IndexByte(value, '\n') >= 0 || bytes.IndexByte(value, '\r') >= 0 {
		var compact bytes.Buffer
		compact.Grow(len(value))
		if json.Compact(&compact, value) == nil {
			value = compact.Bytes()
		}
	}
	if !utf8.Valid(value) {
		value = bytes.ToValidUTF8(value, []byte("\uFFFD"))
	}
	if bytes.Contains(value, []byte("\u2028")) || bytes.Contains(value, []byte("\u2029")) {
		value = bytes.ReplaceAll(value, []byte("\u2028"), []byte(`\u2028`))
		value = bytes.ReplaceAll(value, []byte("\u2029"), []byte(`\u2029`))
	}
	return value
}

// errorLine is an error response; a nil id is null. data is a JSON value or empty.
func errorLine(clientID []byte, code int, message, data string) []byte {
	if clientID == nil {
		clientID = []byte("null")
	}
	const frame = len(`{"jsonrpc":"2.0","id":,"error":{"code":-32000,"message":,"data":}}`)
	line := make([]byte, 0, frame+len(clientID)+len(message)+len(data)+16)
	line = append(append(line, `{"jsonrpc":"2.0","id":`...), clientID...)
	line = append(line, `,"error":{"code":`...)
	line = strconv.AppendInt(line, int64(code), 10)
	line = append(line, `,"message":`...)
	quoted, err := json.Marshal(message)
	if err != nil {
		quoted = []byte(`""`)
	}
	line = append(line, quoted...)
	if data != "" {
		line = append(append(line, `,"data":`...), data...)
	}
	return append(line, "}}\n"...)
}

// notificationLine is a notification; nil params are left out.
func notificationLine(method string, params any) ([]byte, error) {
	return requestLine("", method, params)
}

// requestLine is a request of the server, or a notification when the id is empty.
func requestLine(id, method string, params any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // ends the line itself, and leaves < > & alone, which \u003c would make six bytes each
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Version string `json:"jsonrpc"`
		ID      string `json:"id,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
	}{"2.0", id, method, params})
	if err != nil {
		return nil, fmt.Errorf("stdio: encoding the params of %s: %w", method, err)
	}
	return append(oneLine(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), '\n'), nil
}

package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// result is a handler's answer before it is encoded. A nil body answers without
// content.
type result struct {
	status int
	body   any
}

func ok(body any) (result, error)      { return result{http.StatusOK, body}, nil }
func created(body any) (result, error) { return result{http.StatusCreated, body}, nil }
func gone() (result, error)            { return result{http.StatusNoContent, nil}, nil }

// response is an answer ready to be written.
type response struct {
	status int
	header http.Header
	body   []byte
	// way is how it gets to the caller.
	way delivery
}

// apiError is an answer with the Management API's error body.
type apiError struct {
	status  int
	code    string // errorCode; empty leaves the member out
	message string
	// attribute repeats the message as attributes.error, which only the answers
	// about tokens carry.
	attribute bool
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, http.StatusText(e.status), e.message)
}

func (e *apiError) body() object {
	out := object{
		"statusCode": e.status,
		"error":      http.StatusText(e.status),
		"message":    e.message,
	}
	if e.code != "" {
		out["errorCode"] = e.code
	}
	if e.attribute {
		out["attributes"] = object{"error": e.message}
	}
	return out
}

func notFound(message, code string) error {
	return &apiError{status: http.StatusNotFound, code: code, message: message}
}

func badBody(problems []string) error {
	return invalid("Payload validation error: ", problems, "invalid_body")
}

func badQuery(problems []string) error {
	return invalid("Query validation error: ", problems, "invalid_query_string")
}

func badPath(problems []string) error {
	return invalid("Path validation error: ", problems, "invalid_uri")
}

func invalid(kind string, problems []string, code string) error {
	return &apiError{status: http.StatusBadRequest, code: code, message: kind + strings.Join(problems, " (also) "+kind)}
}

func conflict(message, code string) error {
	return &apiError{status: http.StatusConflict, code: code, message: message}
}

func refused(status int, message, code string) error {
	return &apiError{status: status, code: code, message: message}
}

// encode writes JSON the way the API does: without Go's escaping of <, > and &.
func encode(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		// Every value comes from a decoder or from this package's literals, so
		// this can't happen; an empty answer would hide it.
		panic(fmt.Sprintf("sandbox: encode answer: %v", err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

package wrap

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	maxQuoteBytes = 2 << 10   // of an error
	maxNoteBytes  = 500       // of progress
	maxTextBytes  = 2 << 20   // of all texts of an answer
	maxDataBytes  = 256 << 10 // of an image or a sound, in base64
	maxItems      = 1000      // of an answer
)

// item is one content item of an answer.
type item struct {
	Type     string          `json:"type"`
	Text     string          `json:"text,omitempty"`
	MIMEType string          `json:"mimeType,omitempty"`
	Data     []byte          `json:"data,omitempty"`
	Content  json.RawMessage `json:"content,omitempty"`
	// Note says what was left out.
	Note string `json:"note,omitempty"`
}

// answer is a result as one JSON document, bounded:
//
//	{"content": [{"type": "text", "text": …}, …], "structuredContent": …}
func answer(result *mcp.CallToolResult) (json.RawMessage, error) {
	out := struct {
		Content    []item `json:"content"`
		Structured any    `json:"structuredContent,omitempty"`
		Note       string `json:"note,omitempty"`
	}{Content: []item{}, Structured: result.StructuredContent}
	room := maxTextBytes
	for i, content := range result.Content {
		if i == maxItems {
			out.Note = fmt.Sprintf("%d more items were left out", len(result.Content)-i)
			break
		}
		if repeats(content, result.StructuredContent) {
			continue
		}
		made, err := itemOf(content, room)
		if err != nil {
			return nil, err
		}
		room -= len(made.Text) + len(made.Content)
		out.Content = append(out.Content, made)
	}
	return json.Marshal(out)
}

// repeats reports whether a text is the structured content once more, as MCP asks servers for old clients' sake.
func repeats(content mcp.Content, structured any) bool {
	text, ok := content.(*mcp.TextContent)
	if !ok || structured == nil {
		return false
	}
	var parsed any
	return json.Unmarshal([]byte(text.Text), &parsed) == nil && reflect.DeepEqual(parsed, structured)
}

func itemOf(content mcp.Content, room int) (item, error) {
	switch content := content.(type) {
	case *mcp.TextContent:
		made := item{Type: "text", Text: shorten(strings.ToValidUTF8(content.Text, "\uFFFD"), max(room, 0))}
		if left := len(content.Text) - len(made.Text); left > 0 {
			made.Note = fmt.Sprintf("%d more bytes were left out", left)
		}
		return made, nil
	case *mcp.ImageContent:
		return data("image", content.MIMEType, content.Data), nil
	case *mcp.AudioContent:
		return data("audio", content.MIMEType, content.Data), nil
	}
	raw, err := content.MarshalJSON() // resources and links to them
	if err != nil {
		return item{}, fmt.Errorf("the wrapped server's answer: %w", err)
	}
	if len(raw) > room {
		return item{Type: "resource", Note: fmt.Sprintf("%d bytes were left out", len(raw))}, nil
	}
	return item{Type: "resource", Content: raw}, nil
}

func data(kind, mimeType string, bytes []byte) item {
	if len(bytes) > maxDataBytes {
		return item{Type: kind, MIMEType: mimeType, Note: fmt.Sprintf("%d bytes were left out", len(bytes))}
	}
	return item{Type: kind, MIMEType: mimeType, Data: bytes}
}

// texts are the texts of a result, for an error.
func texts(result *mcp.CallToolResult) string {
	var all []string
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			all = append(all, text.Text)
		}
	}
	if len(all) == 0 {
		return "it does not say why"
	}
	return strings.Join(all, "\n")
}

// quote is a text of the server in an error.
func quote(text string) string {
	return fmt.Sprintf("%q", shorten(strings.ToValidUTF8(text, "\uFFFD"), maxQuoteBytes))
}

// shorten cuts a text to at most limit bytes, at the end of a character.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

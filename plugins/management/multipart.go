package management

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"mime/multipart"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// binary is the format of a file's content in a schema.
const binary = "binary"

// asParts are the members of a multipart body as its schema has them: a file may be given as the JSON that it holds.
func asParts(s *managementapi.Schema, value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	parts := map[string]any{}
	for name, part := range object {
		parts[name] = part
		if m, ok := s.Member(name); !ok || m.Schema.Resolve().Format != binary {
			continue
		}
		switch part.(type) {
		case []any, map[string]any:
			text, _ := json.Marshal(part) // it was decoded from JSON
			parts[name] = string(text)
		}
	}
	return parts
}

// multipartBody writes a body of multipart/form-data. Its boundary follows from what it holds: the same arguments are
// the same request.
func multipartBody(s *managementapi.Schema, value any) (body []byte, content string) {
	object, _ := value.(map[string]any)
	whole, _ := json.Marshal(object) // as above
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	_ = writer.SetBoundary(fmt.Sprintf("auth0-mcp-%x", sha256.Sum256(whole))[:50]) // of letters and digits
	for _, m := range s.Resolve().Members {
		part, ok := object[m.Name]
		if !ok {
			continue
		}
		text := fmt.Sprint(part) // a buffer refuses nothing
		if m.Schema.Resolve().Format == binary {
			file, _ := writer.CreateFormFile(m.Name, m.Name+".json")
			_, _ = file.Write([]byte(text))
		} else {
			_ = writer.WriteField(m.Name, text)
		}
	}
	_ = writer.Close()
	return out.Bytes(), writer.FormDataContentType()
}

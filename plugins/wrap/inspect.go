package wrap

import (
	"context"
	"encoding/json"
	"os"
)

// Listing is what a server says of itself.
type Listing struct {
	Version string   `json:"version"`
	Tools   []Listed `json:"tools"`
}

// Listed is a tool as the server describes it.
type Listed struct {
	Name        string          `json:"name"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	InputSchema json.RawMessage `json:"inputSchema"`
	// Destructive is false only if the server says that the tool destroys nothing.
	Destructive bool   `json:"destructive"`
	Idempotent  bool   `json:"idempotent,omitempty"`
	Declared    string `json:"declared"`
}

// List starts the server once, if its pins hold, and asks it for its tools. stderr takes the server's log.
func (l Launch) List(ctx context.Context, stderr *os.File) (Listing, error) {
	if err := l.CheckPins(); err != nil {
		return Listing{}, err
	}
	s, err := l.start(ctx, stderr)
	if err != nil {
		return Listing{}, err
	}
	defer s.close()
	if err := s.list(ctx); err != nil {
		return Listing{}, err
	}
	var found Listing
	if info := s.client.InitializeResult(); info != nil && info.ServerInfo != nil {
		found.Version = info.ServerInfo.Version
	}
	for _, tool := range s.tools {
		schema, err := json.Marshal(tool.InputSchema)
		if err != nil {
			return Listing{}, err
		}
		listed := Listed{Name: tool.Name, Title: tool.Title, Description: tool.Description, InputSchema: schema,
			Destructive: true, Declared: s.declared[tool.Name]}
		if notes := tool.Annotations; notes != nil {
			listed.Idempotent = notes.IdempotentHint
			// A tool that is said to be read-only is not said to be destructive. It is never believed to be read-only.
			listed.Destructive = !notes.ReadOnlyHint && (notes.DestructiveHint == nil || *notes.DestructiveHint)
			if listed.Title == "" {
				listed.Title = notes.Title
			}
		}
		found.Tools = append(found.Tools, listed)
	}
	return found, nil
}

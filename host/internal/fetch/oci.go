package fetch

import (
	"context"

	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

var errNoRegistries = &source.Error{Kind: source.Refused, Text: "registries are not supported by this version"}

func (f fetcher) repositoryVersions(context.Context) ([]source.Version, error) {
	return nil, errNoRegistries
}

func (f fetcher) fetchFromRepository(context.Context) (source.Release, error) {
	return source.Release{}, errNoRegistries
}

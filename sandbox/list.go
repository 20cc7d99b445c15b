package sandbox

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

// list answers with a page of items, in the way that the operation has and the query asks for.
// An empty key means that items have no id; their checkpoints are places in the list.
func (c *call) list(items []object, key string, show func(object) object) (result, error) {
	q := queryParams{c.query}
	p, name := q.page(50), itemsMember(c.operation)
	shape := q.projection()
	shown := func(item object) object { return shape.apply(show(item)) }
	paging, asArray := c.operation.Paging, arrayOf(c.operation.Answer) != nil
	switch {
	case paging.Checkpoint && (p.checkpoint || !asArray && !paging.Offset):
		if key == "" {
			return p.placesAnswer(name, items, shown)
		}
		p.checkpoint = true
		return p.answer(name, key, items, shown)
	case paging.Offset:
		if !asArray {
			p.totals = true
		}
		return p.answer(name, "", items, shown)
	case asArray:
		return ok(showAll(items, shown))
	default:
		return ok(object{name: showAll(items, shown)})
	}
}

// placesAnswer is a checkpoint page of items without ids. Without a name it is an array.
func (p page) placesAnswer(name string, items []object, show func(object) object) (result, error) {
	start := 0
	if p.from != "" {
		text, err := base64.RawURLEncoding.DecodeString(p.from)
		if start, _ = strconv.Atoi(string(text)); err != nil || start < 1 || start > len(items) {
			return result{}, badQuery([]string{onProperty("Invalid checkpoint", "from")})
		}
	}
	end := min(start+p.take, len(items))
	shown := showAll(items[start:end], show)
	if name == "" {
		return result{http.StatusOK, shown}, nil
	}
	out := object{name: shown}
	if end < len(items) {
		out["next"] = base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, int64(end), 10))
	}
	return ok(out)
}

// related lists objects of other collections: of each, what the answer's schema names.
func (c *call) related(items []object, key string) (result, error) {
	item := itemSchema(c.operation)
	return c.list(items, key, func(o object) object { return project(item, o) })
}

package sandbox

import (
	"maps"
	"net/http"
	"slices"
)

func standardScreen(t *Tenant, prompt, screen string) object {
	return object{
		"tenant": t.name(), "prompt": prompt, "screen": screen, "rendering_mode": "standard",
		"context_configuration":      []any{},
		"default_head_tags_disabled": false, "head_tags": []any{}, "filters": nil, "use_page_template": false,
	}
}

func (t *Tenant) screen(prompt, screen string) object {
	key := joinEnd(prompt, screen)
	if t.screens.find(key) == nil {
		made := standardScreen(t, prompt, screen)
		made["key"] = key
		return made
	}
	return t.screens.find(key)
}

// setScreen changes how a screen is rendered.
func (t *Tenant) setScreen(prompt, screen string, changes object) object {
	next := t.screen(prompt, screen)
	for name, value := range changes {
		next[name] = clone(value)
	}
	if t.screens.find(text(next["key"])) == nil {
		t.screens.add(next)
	}
	return next
}

// screenRendering are the operations on how one screen is rendered.
func (t *Tenant) screenRendering(c *call) (result, error) {
	prompt, screen := c.params["prompt"], c.params["screen"]
	if c.operation.Method == http.MethodGet {
		return c.answer(withoutKey(t.screen(prompt, screen)))
	}
	next := withoutKey(t.setScreen(prompt, screen, c.body))
	maps.DeleteFunc(next, func(name string, _ any) bool { _, given := c.body[name]; return !given })
	return c.answer(next)
}

func withoutKey(o object) object {
	out := maps.Clone(o)
	delete(out, "key")
	return out
}

func (t *Tenant) listRenderings(c *call) (result, error) {
	filters := c.filters()
	items := slices.DeleteFunc(slices.Clone(t.screens.items), func(o object) bool { return !filters.match(o) })
	return c.list(items, "key", withoutKey)
}

func (t *Tenant) updateRenderings(c *call) (result, error) {
	list, _ := c.body["configs"].([]any)
	for _, item := range list {
		given, _ := item.(object)
		t.setScreen(text(given["prompt"]), text(given["screen"]), given)
	}
	return c.answer(object{"configs": clone(list)})
}

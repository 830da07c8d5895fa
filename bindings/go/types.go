// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Finding is one thing that is wrong with a namespace, an image or the options.
type Finding struct {
	Code    string `json:"code"`     // one of FINDINGS in rebind(1), as "no-source"
	Text    string `json:"text"`     // a sentence
	MountID uint32 `json:"mount_id"` // the first field of mountinfo, or 0
	Path    string `json:"path"`     // mountpoint, or empty; "2:/path" in a set
	Help    string `json:"help"`     // what to do, or empty
}

// String returns the finding as the command prints it.
func (f Finding) String() string {
	var parts []string

	if f.Path != "" {
		parts = append(parts, f.Path)
	} else if f.MountID != 0 {
		parts = append(parts, "mount "+strconv.FormatUint(uint64(f.MountID), 10))
	}
	line := strings.Join(append(parts, f.Text), ": ")
	if f.Help != "" {
		line += "; " + f.Help
	}
	return line
}

// Difference is a field that two namespaces have different.
type Difference struct {
	Path  string  `json:"path"`
	Field string  `json:"field"` // see EQUAL in rebind(1)
	Left  *string `json:"left"`  // nil: there is none on this side
	Right *string `json:"right"`
}

// String returns the difference as the command prints it.
func (d Difference) String() string {
	return d.Path + ": " + d.Field + ": " + orDash(d.Left) + " | " + orDash(d.Right)
}

func orDash(text *string) string {
	if text == nil {
		return "-"
	}
	return *text
}

// Mount is a mount of a namespace or of an image.
type Mount struct {
	ID         uint32 `json:"id"`        // the first field of mountinfo
	ParentID   uint32 `json:"parent_id"` // the mount that it is mounted on
	UniqueID   uint64 `json:"unique_id"` // never used again by the kernel; 0 if it is not known
	Depth      uint32 `json:"depth"`     // mounts between it and the root
	Namespace  uint32 `json:"namespace"` // which of a set, or 0
	Mountpoint string `json:"mountpoint"`
	Root       string `json:"root"`   // the part of its filesystem that it shows
	Device     string `json:"device"` // "MAJOR:MINOR"
	Fstype     string `json:"fstype"`
	Source     string `json:"source"`     // device or name that it was mounted from, or empty
	Attributes string `json:"attributes"` // of the mount, separated by commas
	SbFlags    string `json:"sb_flags"`   // of the superblock
	Options    string `json:"options"`    // of the filesystem
	Shared     uint32 `json:"shared"`     // its peer group, or 0
	Master     uint32 `json:"master"`     // the peer group that it is a slave of, or 0
	Unbindable bool   `json:"unbindable"`
	IsFile     bool   `json:"is_file"` // the mountpoint is a file
	IDMapped   bool   `json:"idmapped"`
	Covered    bool   `json:"covered"` // another mount hides it
	Deleted    bool   `json:"deleted"` // what it shows has been removed
	Owner      string `json:"owner"`   // of an image: root, internal, external or plugin
	Key        string `json:"key"`     // of an external mount of an image

	Formats         []Format `json:"formats"` // registered with this binfmt_misc, the oldest first
	FormatsDisabled bool     `json:"formats_disabled"`
}

// Format is a format of binfmt_misc.
type Format struct {
	Name        string `json:"name"`
	Enabled     bool   `json:"enabled"`
	Interpreter string `json:"interpreter"`
	Flags       string `json:"flags"`
	Extension   string `json:"extension"` // empty if it has a magic
	Offset      uint32 `json:"offset"`
	Magic       string `json:"magic"` // hexadecimal digits, as Mask
	Mask        string `json:"mask"`
}

// Changed is a file of a tmpfs that changed while it was copied: the copy may be inconsistent.
type Changed struct {
	MountID uint32 `json:"mount_id"`
	Path    string `json:"path"`
}

// Probe is something that the kernel and the privileges allow, or not.
type Probe struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Required bool   `json:"required"` // rebind cannot work without it
	Detail   string `json:"detail"`
}

// Probes are the answer of Client.Check.
type Probes []Probe

// Missing returns those that are required and not allowed. If there are none, rebind can work.
func (p Probes) Missing() []Probe {
	var missing []Probe

	for _, probe := range p {
		if probe.Required && !probe.OK {
			missing = append(missing, probe)
		}
	}
	return missing
}

// ---- bytes that JSON cannot hold ----

// escaped is what an object lists as fields that are not UTF-8.
type escaped struct {
	Escaped []string `json:"escaped"`
}

// restore replaces the fields by the bytes that they stand for.
func (e escaped) restore(fields map[string]*string) {
	for _, name := range e.Escaped {
		if field := fields[name]; field != nil {
			*field = unescape(*field)
		}
	}
}

// unescape reads \ooo as the byte with that number.
func unescape(text string) string {
	var out strings.Builder

	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if b, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(b))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// UnmarshalJSON reads a finding of --json.
func (f *Finding) UnmarshalJSON(data []byte) error {
	type plain Finding
	object := struct {
		*plain
		escaped
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object.restore(map[string]*string{"text": &f.Text, "path": &f.Path, "help": &f.Help})
	return nil
}

// UnmarshalJSON reads a difference of --json.
func (d *Difference) UnmarshalJSON(data []byte) error {
	type plain Difference
	object := struct {
		*plain
		escaped
	}{plain: (*plain)(d)}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object.restore(map[string]*string{"path": &d.Path, "left": d.Left, "right": d.Right})
	return nil
}

// UnmarshalJSON reads a mount of show --json.
func (m *Mount) UnmarshalJSON(data []byte) error {
	type plain Mount
	object := struct {
		*plain
		escaped
	}{plain: (*plain)(m)}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object.restore(map[string]*string{"mountpoint": &m.Mountpoint, "root": &m.Root, "source": &m.Source,
		"options": &m.Options, "fstype": &m.Fstype, "key": &m.Key})
	return nil
}

// UnmarshalJSON reads a format of show --json.
func (f *Format) UnmarshalJSON(data []byte) error {
	type plain Format
	object := struct {
		*plain
		escaped
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object.restore(map[string]*string{"name": &f.Name, "interpreter": &f.Interpreter,
		"extension": &f.Extension})
	return nil
}

// UnmarshalJSON reads a file of dump --json.
func (c *Changed) UnmarshalJSON(data []byte) error {
	type plain Changed
	object := struct {
		*plain
		escaped
	}{plain: (*plain)(c)}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object.restore(map[string]*string{"path": &c.Path})
	return nil
}

// SPDX-License-Identifier: LGPL-2.1-or-later

package criu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// The wire format of protobuf, as far as CRIU's messages use it: each field of a struct has the
// number of the field in its tag. A nil pointer is a field that is not set.

const (
	wireVarint = 0
	wireFixed8 = 1
	wireBytes  = 2
	wireFixed4 = 5
)

var errMalformed = errors.New("malformed message")

// marshal appends the fields of a message, which is a pointer to a struct.
func marshal(out []byte, message any) []byte {
	v := reflect.ValueOf(message).Elem()

	for i := 0; i < v.NumField(); i++ {
		number := fieldNumber(v.Type().Field(i))
		if number == 0 {
			out = append(out, v.Field(i).Bytes()...) // Raw
			continue
		}
		out = marshalField(out, number, v.Field(i))
	}
	return out
}

func fieldNumber(field reflect.StructField) uint64 {
	number, err := strconv.ParseUint(field.Tag.Get("rpc"), 10, 29)
	if err != nil {
		return 0
	}
	return number
}

func marshalField(out []byte, number uint64, v reflect.Value) []byte {
	if v.Kind() == reflect.Slice {
		for i := 0; i < v.Len(); i++ {
			out = marshalField(out, number, v.Index(i))
		}
		return out
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return out
		}
		if v.Elem().Kind() == reflect.Struct {
			return appendBytes(out, number, marshal(nil, v.Interface()))
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return appendBytes(out, number, []byte(v.String()))
	case reflect.Bool:
		value := uint64(0)
		if v.Bool() {
			value = 1
		}
		return appendVarint(out, number, value)
	case reflect.Int32:
		return appendVarint(out, number, uint64(v.Int())) // a negative number has ten bytes
	default:
		return appendVarint(out, number, v.Uint())
	}
}

func appendVarint(out []byte, number, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(out, number<<3|wireVarint), value)
}

func appendBytes(out []byte, number uint64, data []byte) []byte {
	out = binary.AppendUvarint(binary.AppendUvarint(out, number<<3|wireBytes), uint64(len(data)))
	return append(out, data...)
}

// unmarshal reads fields into a message, which is a pointer to a struct. Fields that the struct does
// not have are left out.
func unmarshal(data []byte, message any) error {
	v := reflect.ValueOf(message).Elem()

	for len(data) > 0 {
		key, n := binary.Uvarint(data)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29-1 {
			return errMalformed
		}
		value, bytes, rest, err := split(data[n:], key&7)
		if err != nil {
			return err
		}
		data = rest
		if err := unmarshalField(v, key>>3, key&7, value, bytes); err != nil {
			return err
		}
	}
	return nil
}

// split takes the value of a field: a number, or bytes.
func split(data []byte, kind uint64) (value uint64, bytes, rest []byte, err error) {
	n := 0

	switch kind {
	case wireVarint:
		if value, n = binary.Uvarint(data); n <= 0 {
			return 0, nil, nil, errMalformed
		}
		return value, nil, data[n:], nil
	case wireFixed8:
		value = 8
	case wireFixed4:
		value = 4
	case wireBytes:
		if value, n = binary.Uvarint(data); n <= 0 {
			return 0, nil, nil, errMalformed
		}
	default:
		return 0, nil, nil, errMalformed
	}
	data = data[n:]
	if value > uint64(len(data)) {
		return 0, nil, nil, errMalformed
	}
	return 0, data[:value], data[value:], nil
}

func unmarshalField(message reflect.Value, number, kind, value uint64, bytes []byte) error {
	for i := 0; i < message.NumField(); i++ {
		if fieldNumber(message.Type().Field(i)) != number {
			continue
		}
		if err := setField(message.Field(i), kind, value, bytes); err != nil {
			return fmt.Errorf("field %s: %w", message.Type().Field(i).Name, err)
		}
	}
	return nil
}

// setField sets a pointer. Of answers no field is repeated.
func setField(field reflect.Value, kind, value uint64, bytes []byte) error {
	if field.Kind() != reflect.Pointer {
		return nil
	}
	target := reflect.New(field.Type().Elem())
	isText := target.Elem().Kind() == reflect.String || target.Elem().Kind() == reflect.Struct
	if isText != (kind == wireBytes) || (!isText && kind != wireVarint) {
		return errMalformed
	}
	switch target.Elem().Kind() {
	case reflect.Struct:
		if err := unmarshal(bytes, target.Interface()); err != nil {
			return err
		}
	case reflect.String:
		target.Elem().SetString(string(bytes))
	case reflect.Bool:
		target.Elem().SetBool(value != 0)
	case reflect.Int32:
		target.Elem().SetInt(int64(int32(value)))
	default:
		target.Elem().SetUint(uint64(uint32(value)))
	}
	field.Set(target)
	return nil
}

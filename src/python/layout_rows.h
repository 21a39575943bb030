/* SPDX-License-Identifier: MIT
 *
 * layout_rows.h - made by scripts/gen-cpython-layout from CPython's headers;
 * do not edit.  Bytes up to 3.12; from 3.13 on, which 64-bit word of
 * _Py_DebugOffsets says it (code_begin: bytes).
 */
static const struct rcp_py_layout layout_rows[] = {
{ .minor = 8, .tstate_frame = 24, .tstate_interp = 16, .tstate_thread = 176,
  .frame_code = 32, .frame_back = 24, .frame_instr = 104,
  .code_first_line = 40, .code_filename = 104, .code_name = 112,
  .code_table = 120, .object_type = 8, .var_size = 16, .type_dealloc = 48,
  .type_flags = 168, .bytes_data = 32, .str_length = 16, .str_state = 32,
  .str_ascii = 48, .str_compact = 72, .runtime_collecting = 544 },
{ .minor = 9, .tstate_frame = 24, .tstate_interp = 16, .tstate_thread = 176,
  .frame_code = 32, .frame_back = 24, .frame_instr = 104,
  .code_first_line = 40, .code_filename = 104, .code_name = 112,
  .code_table = 120, .object_type = 8, .var_size = 16, .type_dealloc = 48,
  .type_flags = 168, .bytes_data = 32, .str_length = 16, .str_state = 32,
  .str_ascii = 48, .str_compact = 72, .interp_collecting = 816 },
{ .minor = 10, .tstate_frame = 24, .tstate_interp = 16, .tstate_thread = 176,
  .frame_code = 32, .frame_back = 24, .frame_instr = 96,
  .code_first_line = 40, .code_filename = 104, .code_name = 112,
  .code_table = 120, .object_type = 8, .var_size = 16, .type_dealloc = 48,
  .type_flags = 168, .bytes_data = 32, .str_length = 16, .str_state = 32,
  .str_ascii = 48, .str_compact = 72, .interp_collecting = 816 },
{ .minor = 11, .tstate_frame = 56, .tstate_interp = 16, .tstate_thread = 152,
  .frame_code = 32, .frame_back = 48, .frame_instr = 56,
  .code_first_line = 72, .code_filename = 112, .code_name = 128,
  .code_table = 136, .object_type = 8, .var_size = 16, .type_dealloc = 48,
  .type_flags = 168, .bytes_data = 32, .str_length = 16, .str_state = 32,
  .str_ascii = 48, .str_compact = 72, .cframe_frame = 8, .frame_owner = 69,
  .code_bytecode = 184, .code_begin = 168, .interp_collecting = 848 },
{ .minor = 12, .tstate_frame = 56, .tstate_interp = 16, .tstate_thread = 136,
  .frame_code = 0, .frame_back = 8, .frame_instr = 56, .code_first_line = 68,
  .code_filename = 112, .code_name = 128, .code_table = 136,
  .object_type = 8, .var_size = 16, .type_dealloc = 48, .type_flags = 168,
  .bytes_data = 32, .str_length = 16, .str_state = 32, .str_ascii = 40,
  .str_compact = 56, .cframe_frame = 0, .frame_owner = 70,
  .code_bytecode = 192, .code_begin = 176, .interp_collecting = 312 },
};

static const struct rcp_py_debug_row debug_rows[] = {
{ .minor = 13, .tstate_frame = 23, .tstate_interp = 22, .tstate_thread = 24,
  .frame_code = 30, .frame_back = 29, .frame_instr = 31, .frame_owner = 33,
  .code_first_line = 39, .code_filename = 35, .code_name = 37,
  .code_table = 38, .code_bytecode = 43, .object_type = 45, .type_name = 47,
  .type_flags = 49, .bytes_size = 65, .bytes_data = 66, .str_length = 69,
  .str_state = 68, .str_ascii = 70, .interp_gc = 10, .gc_collecting = 72,
  .code_begin = 184 },
};

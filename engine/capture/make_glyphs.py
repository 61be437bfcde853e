#!/usr/bin/env python3
"""Writes glyphs.cpp: DejaVu Sans at 13 pixels, 16 shades, through the system's FreeType.

    engine/capture/make_glyphs.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf > engine/capture/glyphs.cpp
"""
import ctypes
import ctypes.util
import sys

PIXELS, ROWS, BASE = 13, 16, 12
TEXT = "".join(map(chr, range(32, 127))) + "×–−≥·"


class Generic(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("finalizer", ctypes.c_void_p)]


class Box(ctypes.Structure):
    _fields_ = [(n, ctypes.c_long) for n in ("x0", "y0", "x1", "y1")]


class Vector(ctypes.Structure):
    _fields_ = [("x", ctypes.c_long), ("y", ctypes.c_long)]


class Bitmap(ctypes.Structure):
    _fields_ = [("rows", ctypes.c_uint), ("width", ctypes.c_uint), ("pitch", ctypes.c_int),
                ("buffer", ctypes.POINTER(ctypes.c_ubyte)), ("grays", ctypes.c_ushort), ("mode", ctypes.c_ubyte),
                ("palette_mode", ctypes.c_ubyte), ("palette", ctypes.c_void_p)]


class Metrics(ctypes.Structure):
    _fields_ = [(n, ctypes.c_long) for n in "abcdefgh"]


class Slot(ctypes.Structure):
    _fields_ = [("library", ctypes.c_void_p), ("face", ctypes.c_void_p), ("next", ctypes.c_void_p),
                ("index", ctypes.c_uint), ("generic", Generic), ("metrics", Metrics), ("linear_x", ctypes.c_long),
                ("linear_y", ctypes.c_long), ("advance", Vector), ("format", ctypes.c_int), ("bitmap", Bitmap),
                ("left", ctypes.c_int), ("top", ctypes.c_int)]


class Face(ctypes.Structure):
    _fields_ = [("num_faces", ctypes.c_long), ("face_index", ctypes.c_long), ("face_flags", ctypes.c_long),
                ("style_flags", ctypes.c_long), ("num_glyphs", ctypes.c_long), ("family", ctypes.c_char_p),
                ("style", ctypes.c_char_p), ("num_sizes", ctypes.c_int), ("sizes", ctypes.c_void_p),
                ("num_charmaps", ctypes.c_int), ("charmaps", ctypes.c_void_p), ("generic", Generic), ("bbox", Box),
                ("units", ctypes.c_ushort), ("ascender", ctypes.c_short), ("descender", ctypes.c_short),
                ("height", ctypes.c_short), ("max_w", ctypes.c_short), ("max_h", ctypes.c_short),
                ("underline", ctypes.c_short), ("thickness", ctypes.c_short), ("glyph", ctypes.POINTER(Slot))]


def main(path):
    ft = ctypes.CDLL(ctypes.util.find_library("freetype"))
    library, face = ctypes.c_void_p(), ctypes.POINTER(Face)()
    assert ft.FT_Init_FreeType(ctypes.byref(library)) == 0
    assert ft.FT_New_Face(library, path.encode(), ctypes.c_long(0), ctypes.byref(face)) == 0
    assert ft.FT_Set_Pixel_Sizes(face, 0, PIXELS) == 0
    print("// Made by make_glyphs.py from DejaVu Sans (Bitstream Vera licence): 13 pixels, 16 shades, one hexadecimal digit a")
    print("// pixel, rows of `width`, from the top of a line of 16 with its base line under the twelfth.")
    print('#include "engine/capture/glyphs.h"\n\nnamespace moa {\n')
    print("std::span<const Glyph> glyphs() {\n    static constexpr Glyph kGlyphs[] = {")
    for char in TEXT:
        assert ft.FT_Load_Char(face, ctypes.c_ulong(ord(char)), 4) == 0  # FT_LOAD_RENDER
        slot = face.contents.glyph.contents
        bitmap = slot.bitmap
        rows = []
        for y in range(ROWS):
            source = y - (BASE - slot.top)
            if 0 <= source < bitmap.rows:
                rows.append("".join("%x" % (bitmap.buffer[source * bitmap.pitch + x] >> 4) for x in range(bitmap.width)))
            else:
                rows.append("0" * bitmap.width)
        pixels = "".join(rows)
        print("        {0x%X, %d, %d, %d," % (ord(char), slot.advance.x >> 6, slot.left, bitmap.width))
        pieces = [pixels[i:i + 104] for i in range(0, len(pixels), 104)] or [""]
        print("\n".join('         "%s"' % piece for piece in pieces) + "},")
    print("    };\n    return kGlyphs;\n}\n\n} // namespace moa")


main(sys.argv[1])

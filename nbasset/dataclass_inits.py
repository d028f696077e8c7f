"""The `__init__` of each dataclass, by how many fields it has: `nbasset.dataclass` puts the names of the fields in.

Compiling such a function anew for each class took most of the first run in a process; here all come out of one file of bytecode. Fields are
set two at a time while the instance is one of the open twin. `_cls`, `_twin`, `_become`, `_fill` and `_post` are what each class gives; where
a class has factories, `_new` stands for a value that is to be made. `_wide` is for every class that none of these fit. A test writes
this file anew by the rule that it follows.
"""

# ruff: noqa
# fmt: off
# mypy: ignore-errors


def _wide(self):
    _fill(self, locals())


def _plain_1(self, a0):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0 = a0
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_2(self, a0, a1):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_3(self, a0, a1, a2):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2 = a2
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_4(self, a0, a1, a2, a3):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_5(self, a0, a1, a2, a3, a4):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4 = a4
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_6(self, a0, a1, a2, a3, a4, a5):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_7(self, a0, a1, a2, a3, a4, a5, a6):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6 = a6
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_8(self, a0, a1, a2, a3, a4, a5, a6, a7):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_9(self, a0, a1, a2, a3, a4, a5, a6, a7, a8):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8 = a8
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_10(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_11(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10 = a10
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_12(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10, self.a11 = a10, a11
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_13(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10, self.a11 = a10, a11
    self.a12 = a12
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_14(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10, self.a11 = a10, a11
    self.a12, self.a13 = a12, a13
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_15(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10, self.a11 = a10, a11
    self.a12, self.a13 = a12, a13
    self.a14 = a14
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_16(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10, self.a11 = a10, a11
    self.a12, self.a13 = a12, a13
    self.a14, self.a15 = a14, a15
    self.__class__ = _cls
    if _post: self.__post_init__()


def _plain_18(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = a0, a1
    self.a2, self.a3 = a2, a3
    self.a4, self.a5 = a4, a5
    self.a6, self.a7 = a6, a7
    self.a8, self.a9 = a8, a9
    self.a10, self.a11 = a10, a11
    self.a12, self.a13 = a12, a13
    self.a14, self.a15 = a14, a15
    self.a16, self.a17 = a16, a17
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_1(self, a0):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0 = _make[0]() if a0 is _new else a0
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_2(self, a0, a1):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_3(self, a0, a1, a2):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2 = _make[2]() if a2 is _new else a2
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_4(self, a0, a1, a2, a3):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_5(self, a0, a1, a2, a3, a4):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4 = _make[4]() if a4 is _new else a4
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_6(self, a0, a1, a2, a3, a4, a5):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_7(self, a0, a1, a2, a3, a4, a5, a6):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6 = _make[6]() if a6 is _new else a6
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_8(self, a0, a1, a2, a3, a4, a5, a6, a7):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_9(self, a0, a1, a2, a3, a4, a5, a6, a7, a8):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8 = _make[8]() if a8 is _new else a8
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_10(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_11(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10 = _make[10]() if a10 is _new else a10
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_12(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_13(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12 = _make[12]() if a12 is _new else a12
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_14(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_15(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14 = _make[14]() if a14 is _new else a14
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_16(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14, self.a15 = _make[14]() if a14 is _new else a14, _make[15]() if a15 is _new else a15
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_17(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14, self.a15 = _make[14]() if a14 is _new else a14, _make[15]() if a15 is _new else a15
    self.a16 = _make[16]() if a16 is _new else a16
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_18(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14, self.a15 = _make[14]() if a14 is _new else a14, _make[15]() if a15 is _new else a15
    self.a16, self.a17 = _make[16]() if a16 is _new else a16, _make[17]() if a17 is _new else a17
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_19(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14, self.a15 = _make[14]() if a14 is _new else a14, _make[15]() if a15 is _new else a15
    self.a16, self.a17 = _make[16]() if a16 is _new else a16, _make[17]() if a17 is _new else a17
    self.a18 = _make[18]() if a18 is _new else a18
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_24(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14, self.a15 = _make[14]() if a14 is _new else a14, _make[15]() if a15 is _new else a15
    self.a16, self.a17 = _make[16]() if a16 is _new else a16, _make[17]() if a17 is _new else a17
    self.a18, self.a19 = _make[18]() if a18 is _new else a18, _make[19]() if a19 is _new else a19
    self.a20, self.a21 = _make[20]() if a20 is _new else a20, _make[21]() if a21 is _new else a21
    self.a22, self.a23 = _make[22]() if a22 is _new else a22, _make[23]() if a23 is _new else a23
    self.__class__ = _cls
    if _post: self.__post_init__()


def _making_29(self, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28):
    if self.__class__ is not _cls: return _fill(self, locals())
    _become(self, _twin)
    self.a0, self.a1 = _make[0]() if a0 is _new else a0, _make[1]() if a1 is _new else a1
    self.a2, self.a3 = _make[2]() if a2 is _new else a2, _make[3]() if a3 is _new else a3
    self.a4, self.a5 = _make[4]() if a4 is _new else a4, _make[5]() if a5 is _new else a5
    self.a6, self.a7 = _make[6]() if a6 is _new else a6, _make[7]() if a7 is _new else a7
    self.a8, self.a9 = _make[8]() if a8 is _new else a8, _make[9]() if a9 is _new else a9
    self.a10, self.a11 = _make[10]() if a10 is _new else a10, _make[11]() if a11 is _new else a11
    self.a12, self.a13 = _make[12]() if a12 is _new else a12, _make[13]() if a13 is _new else a13
    self.a14, self.a15 = _make[14]() if a14 is _new else a14, _make[15]() if a15 is _new else a15
    self.a16, self.a17 = _make[16]() if a16 is _new else a16, _make[17]() if a17 is _new else a17
    self.a18, self.a19 = _make[18]() if a18 is _new else a18, _make[19]() if a19 is _new else a19
    self.a20, self.a21 = _make[20]() if a20 is _new else a20, _make[21]() if a21 is _new else a21
    self.a22, self.a23 = _make[22]() if a22 is _new else a22, _make[23]() if a23 is _new else a23
    self.a24, self.a25 = _make[24]() if a24 is _new else a24, _make[25]() if a25 is _new else a25
    self.a26, self.a27 = _make[26]() if a26 is _new else a26, _make[27]() if a27 is _new else a27
    self.a28 = _make[28]() if a28 is _new else a28
    self.__class__ = _cls
    if _post: self.__post_init__()

"""Addresses no fetch may ever connect to: the table of S1, S2, S3, S6, S8, S9 and S11."""


def words(text: str) -> list[str]:
    """The words of a table."""
    return text.split()


V4 = words("""0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3
127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255""")

V6 = words(""":: ::1 ::2 100::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff05::2
2001:db8::1 3fff::1 2001::1 2001:2::1 2001:10::1 2001:20::1 5f00::1 4000::1 8000::1 200::1 64:ff9b:2::1
0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::0.0.0.1""")

EMBEDDED = words("""::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:169.254.169.254 ::ffff:10.0.0.1 ::ffff:168.63.129.16
0:0:0:0:0:ffff:127.0.0.1 ::127.0.0.1 ::7f00:1 ::10.0.0.1 ::169.254.169.254 ::ffff:0:127.0.0.1 ::ffff:0:a9fe:a9fe
::ffff:0:10.0.0.1 64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::169.254.169.254 64:ff9b::10.0.0.1 64:ff9b:1::127.0.0.1
64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1:7f:0:1:: 64:ff9b:1:0:7f:0:100:0 2002:7f00:1::
2002:a9fe:a9fe::1 2002:a00:1:: 2002:c0a8:101:: 2001:0:4136:e378:8000:63bf:80ff:fffe 2001:0:7f00:1:8000:63bf:f7f7:f7f7
2001:0:4136:e378:8000:63bf:5601:5601 2606:4700::5efe:127.0.0.1 2606:4700::200:5efe:10.0.0.1 2606:4700::5efe:a9fe:a9fe
fe80::5efe:8.8.8.8""")

DISGUISED = words("""http://2130706433/ http://017700000001/ http://0x7f000001/ http://0x7F.0x0.0x0.0x1/ http://127.1/
http://127.0.1/ http://0177.0.0.1/ http://0177.0.0.01/ http://0x7f.1/ http://127.0x1/ http://127.0.0.01/
http://127.000.000.001/ http://0/ http://00/ http://0x/ http://0x0/ http://1/ http://2852039166/ http://0xa9fea9fe/
http://0xA9.0xFE.0xA9.0xFE/ http://0251.0376.0251.0376/ http://169.254.43518/ http://169.16689662/ http://4294967296/
http://127.0.0.1./ http://2130706433./ http://127.0.0.256/ http://127.0.0.1.1/ http://256.1.1.1/ http://1.2.3/
http://%31%32%37.0.0.1/ http://127%2e0%2e0%2e1/ http://%6c%6f%63%61%6c%68%6f%73%74/ http://allowed%00.example/
http://１２７.0.0.1/ http://１２７。０。０。１/ http://127。0。0。1/ http://①②⑦.⓪.⓪.①/ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/ http://ｌｏｃａｌｈｏｓｔ/
http://169。254。169。254/ http://allowed．example/ http://0x7f.１/ http://٠.٠.٠.٠/ http://۱۲۷.۰.۰.۱/ http://example.0x7f/
http://example.1/ http://exa㎎ple.com/""")

NAMES = words("""localhost LOCALHOST localhost. foo.localhost localhost.localdomain metadata metadata.google.internal
metadata.goog.internal instance-data instance-data.ec2.internal kubernetes kubernetes.default.svc.cluster.local
printer.local router.lan intranet router.home.arpa host.docker.internal hidden.onion""")

SCHEMES = words("""file:///etc/passwd file://localhost/etc/passwd file://127.0.0.1/etc/passwd
gopher://allowed.example/_x dict://allowed.example:11211/stat ftp://allowed.example/a.jpg
data:image/png;base64,iVBORw0KGgo= jar:http://allowed.example/a!/b unix:///var/run/docker.sock javascript:alert(1)
s3://bucket/key ldap://allowed.example/ ws://allowed.example/ sftp://allowed.example/ tftp://allowed.example/
netdoc:///etc/passwd view-source:http://allowed.example/ blob:https://allowed.example/1 httpx://allowed.example/
http+unix://%2Fvar%2Frun%2Fdocker.sock/ about:blank url:http://allowed.example/""")

TRICKS = [
    "http://loc\u00adalhost/",
    "http://local\u200bhost/",
    "http://user@allowed.example/",
    "http://user:word@allowed.example/",
    "http://@allowed.example/",
    "http://:@allowed.example/",
    "http://allowed.example@127.0.0.1/",
    "http://127.0.0.1@allowed.example/",
    "http://127.0.0.1\\@allowed.example/",
    "http://allowed.example\\@127.0.0.1/",
    "http:\\\\allowed.example\\a",
    "http://allowed.example\\.evil.test/",
    "http://allowed.example/a\\b",
    "http://allowed.example/#@127.0.0.1/",
    "http://127.0.0.1#@allowed.example/",
    "http://allowed.example/a#b",
    "http:allowed.example/a",
    "http:/allowed.example/a",
    "http:///allowed.example/a",
    "http:////allowed.example/",
    "http://",
    "http:",
    "http",
    "//allowed.example/a",
    "/a",
    "",
    "allowed.example/a",
    "://allowed.example/",
    "http://?a",
    "http:///",
    "http://allowed.example/a\nb",
    "http://allowed.example/a\r\nHost: evil.test",
    "http://allowed.example\t/",
    "http://allowed.example/\x00",
    "http://allowed.example/\x7f",
    "http://allowed.example/\x85",
    "\nhttp://allowed.example/",
    " http://allowed.example/",
    "http://allowed.example/ ",
    "http://allowed.example/a b",
    "http://allowed .example/",
    "http://allowed.example/\u2028a",
    "http://allowed.example/\u00a0",
    "http://allowed.example/\ud800",
    "ht\ntp://allowed.example/",
    "http://[::1/",
    "http://::1]/",
    "http://::1/",
    "http://[[::1]]/",
    "http://[]/",
    "http://[127.0.0.1]/",
    "http://[allowed.example]/",
    "http://[::1]allowed.example/",
    "http://[::1].allowed.example/",
    "http://allowed.example[::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::１]/",
    "http://[::ffff:127.0.0.01]/",
    "http://[v1.a]/",
    "http://[::1%00]/",
    "http://.allowed.example/",
    "http://allowed..example/",
    "http://allowed.example../",
    "http://-allowed.example/",
    "http://allowed-.example/",
    "http://*.example/",
    "http://allowed!.example/",
    "http://allowed;.example/",
    "http://allowed,evil.test/",
    "http://allowed.example:/",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 127 + "example/",
    "http://allowed.example/" + "a" * 9000,
    "http://faß.de/",
    "http://a\u200db.example/",
]

PORTS = words("""21 22 23 25 53 110 143 389 445 465 587 993 2049 2375 3306 5432 6379 8000 8080 8443 9200 11211 27017 0
00 080 0443 65535 65536 65616 65979 99999 100000 +80 -80 0x50 80a ８０ 8o 80:80 1e2 80.""")

REFUSED = [
    *(f"{scheme}://{address}/latest/" for address in V4 for scheme in ("http", "https")),
    *(f"http://[{address}]/" for address in (*V6, *EMBEDDED)),
    *DISGUISED,
    *(f"http://{name}/computeMetadata/v1/" for name in NAMES),
    *SCHEMES,
    *TRICKS,
    *(f"http://allowed.example:{port}/" for port in PORTS),
]

from django.db import migrations, models

import siteloop.foundation.registry.models


class Migration(migrations.Migration):

    dependencies = [("registry", "0006_camera_profiles")]

    operations = [
        migrations.AddField(
            model_name="devicemodel",
            name="registers",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Modbus 传感器：TOML，写明各监测项的寄存器地址、类型、系数；格式见协议文档 Modbus",
                max_length=20000,
                validators=[siteloop.foundation.registry.models.check_map],
                verbose_name="寄存器表",
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="polled_at",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Modbus 设备由平台主动读取：主机[:端口][/站号]，如 10.1.2.3:502/1；寄存器表取自所选型号；其他设备留空",
                max_length=80,
                validators=[siteloop.foundation.registry.models.check_address],
                verbose_name="轮询地址",
            ),
        ),
    ]
